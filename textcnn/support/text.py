"""Text from outside that is safe to show."""


def printable(text: str) -> str:
    """``text`` with nothing that steers a terminal and nothing that UTF-8 cannot hold."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\ufffd"
        for character in text
    )
