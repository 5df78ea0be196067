"""The option tables of docs/options.md, from the options themselves: ``python -m docs.pages``."""

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
        cells = [f"`{flag(field.name)}`", default_words(field), field.metadata["help"]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines[1:]) + "\n"
