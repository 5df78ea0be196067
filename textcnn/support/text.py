"""Text from outside that is safe to show."""

import re


def printable(text: str) -> str:
    """``text`` with nothing that steers a terminal and nothing that UTF-8 cannot hold."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\ufffd"
        for character in text
    )


def printable_lines(text: str) -> str:
    """:func:`printable`, but for the ends of lines, and the tabs between cells."""
    return re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text)
