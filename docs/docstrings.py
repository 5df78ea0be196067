"""Makes Markdown of the few marks of reStructuredText in docstrings, for the site."""

import re
from typing import Any

from griffe import Extension, Object


def as_markdown(docstring: str) -> str:
    """The same text with its roles, literal blocks, tables and products as Markdown has them."""
    text = re.sub(r":(?:attr|class|data|func|meth|mod):(?=`)", "", docstring)
    text = re.sub(r"^=+ +=[= ]*$\n.*^=+ +=[= ]*$", _as_code, text, flags=re.M | re.S)
    lines, block = [], -1
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if line and indent <= block:
            block = -1
        if block < 0:
            if line.endswith("::"):
                # Markdown tells a block of code by its indent.
                block, line = indent, line.rstrip(":") + ":" * (line.strip() != "::")
            # A product outside code, such as 2*pad, is no emphasis.
            line = re.sub(r"(`+).+?\1|(?<=\w)\*(?=\w)", _escaped, line)
        lines.append(line)
    return "\n".join(lines)


def _escaped(found: "re.Match[str]") -> str:
    return "\\*" if found.group(0) == "*" else found.group(0)


def _as_code(table: "re.Match[str]") -> str:
    rows = re.sub(r"^=[= ]*\n?", "", table.group(0), flags=re.M).replace("``", "")
    return f"```\n{rows}```"


class DocstringsAsMarkdown(Extension):
    """Calls :func:`as_markdown` on every docstring before it is read."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)
