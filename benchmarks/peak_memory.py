"""Run a command and write down the most memory it held: ``peak_memory.py FILE COMMAND...``.

A program of its own, and a small one: on Linux a process begins with the peak of the one that
started it.
"""

import os
import subprocess
import sys
from pathlib import Path


def main(target: Path, command: list[str]) -> int:
    """Write the command's peak resident bytes to ``target``; its exit code."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    target.write_text(str(usage.ru_maxrss * unit), "utf-8")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
