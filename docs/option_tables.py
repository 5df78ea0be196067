"""Prints the option tables of the README, from the options themselves."""

import dataclasses

from textcnn.commands.arguments.options import default_words
from textcnn.recipe.config import Config, flag


def option_tables() -> str:
    """Every option of training as Markdown, a table for each section of ``--help``."""
    lines: list[str] = []
    section = ""
    for field in dataclasses.fields(Config):
        if field.metadata["section"] != section:
            section = field.metadata["section"]
            lines += ["", f"| {section} | default | |", "|---|---|---|"]
        words = field.metadata["help"].replace("|", "\\|")
        lines.append(f"| `{flag(field.name)}` | {default_words(field)} | {words} |")
    return "\n".join(lines[1:]) + "\n"


if __name__ == "__main__":
    print(option_tables(), end="")
