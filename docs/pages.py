"""The pages of the documentation as programs."""

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLONE = Path(__file__).resolve().parents[1]
DOCS = CLONE / "docs"


def page(name: str) -> str:
    """A page of docs/."""
    return (DOCS / f"{name}.md").read_text("utf-8")


@dataclass(frozen=True)
class Example:
    """A block of Python on a page.

    Attributes:
        code: the block.
        promised: what the page says that it prints; nothing where no block of text follows it.
        printed: what it printed.
    """

    code: str
    promised: str
    printed: str


def run_examples(text: str) -> tuple[list[Example], dict[str, Any]]:
    """Run a page's Python from top to bottom, as one program.

    Returns:
        The examples, and the names that they left.
    """
    names: dict[str, Any] = {}
    examples = []
    for match in re.finditer(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, re.S):
        code, promised = match.group(1), match.group(2) or ""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, names)
        examples.append(Example(code, promised, printed.getvalue()))
    return examples, names
