"""Files that are not what they were."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

PIECES = (b"", b"[", b"]", b"{", b'"', b"9" * 30, b"e99", b"\xff", b"\\u", b"NaN", b"-", b"\n")


def mutants(text: bytes, count: int, seed: int) -> list[bytes]:
    """So many texts that differ from this one in a few places, the same for a seed."""
    choose, made = random.Random(seed), []
    for _ in range(count):
        spoilt = bytearray(text)
        for _ in range(choose.choice((1, 1, 2, 5))):
            at = choose.randrange(len(spoilt))
            spoilt[at : at + choose.randrange(3)] = choose.choice(PIECES)
        made.append(bytes(spoilt))
    return made


def other_kinds(path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What may stand in the place of a file, and how to put it there."""

    def put(kind: Callable[[], object]) -> Callable[[], object]:
        return lambda: (path.unlink(), kind())

    yield "a pipe", put(lambda: os.mkfifo(path))
    yield "a folder", put(path.mkdir)
    yield "a link to itself", put(lambda: path.symlink_to(path.name))
    yield "a link to a device", put(lambda: path.symlink_to("/dev/zero"))
    yield "a hole", lambda: os.truncate(path, 2**40)
    yield "nothing", lambda: path.write_bytes(b"")
    yield "levels", lambda: path.write_bytes(b"[" * 10**6)
