"""The pages of the documentation as programs: their code is run, their tables are made.

``python -m docs.pages`` makes the tables that come from the program anew, where they stand.
"""

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLONE = Path(__file__).resolve().parents[1]
DOCS = CLONE / "docs"


def pages() -> dict[str, str]:
    """README.md and every page of docs/, by path in the clone."""
    paths = [CLONE / "README.md", *sorted(DOCS.glob("*.md"))]
    return {path.relative_to(CLONE).as_posix(): path.read_text("utf-8") for path in paths}


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


def between(text: str, name: str) -> str:
    """What stands between the marks ``<!-- name -->`` and ``<!-- end of name -->``."""
    return text[slice(*_span(text, name))]


def _span(text: str, name: str) -> tuple[int, int]:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    return text.index(begin) + len(begin), text.index(end)


def made_tables() -> dict[tuple[str, str], Callable[[], str]]:
    """What makes the tables that are made, by page and mark."""
    from docs.option_tables import option_tables
    from docs.reading_path import reading_path

    return {
        ("options", "option tables"): option_tables,
        ("architecture", "reading path"): reading_path,
    }


if __name__ == "__main__":
    for (name, mark), make in made_tables().items():
        text = page(name)
        begin, end = _span(text, mark)
        (DOCS / f"{name}.md").write_text(text[:begin] + make() + text[end:], "utf-8")
