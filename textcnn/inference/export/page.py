"""A model as a page or as a JavaScript module: one file each, made of the pieces in ``web/``.

The pieces are plain scripts, put one after another; none needs a tool or another's code.
"""

import base64
import dataclasses
import hashlib
from importlib import resources

from textcnn.inference.export.characters import character_tables
from textcnn.inference.export.model import Model
from textcnn.inference.export.packing import PackedModel, pack

LARGEST_PAGE = 6_000_000
"""Bytes that a page or a module shall have at most."""

LIBRARY = ("random.js", "unpacking.js", "tokenizers.js", "network.js", "ngrams.js", "model.js")


def packed_for(model: Model, room: int | None = None) -> PackedModel:
    """The model as both carry it.

    Args:
        model: the model.
        room: characters that it may take; by default as many as keep the file below
            :data:`LARGEST_PAGE`.
    """
    header = model.header
    if header["tokenizer"] != "kim":
        header = {**header, "characters": character_tables()}
    if room is None:
        room = LARGEST_PAGE - len(page_text(PackedModel(b"", 0)).encode())
    return pack(dataclasses.replace(model, header=header), room)


def page_text(packed: PackedModel) -> str:
    """The page. Nothing of the model stands in it but in base 85, so none of it can be markup."""
    style, script = _piece("page.css"), _pieces(*LIBRARY, "page.js")
    text = _piece("page.html")
    for mark, value in (
        ("{{style hash}}", _hash(style)),
        ("{{script hash}}", _hash(script)),
        ("{{style}}", style),
        ("{{script}}", script),
        ("{{model}}", packed.text),
    ):
        text = text.replace(mark, value)
    return text


def module_text(packed: PackedModel) -> str:
    """The module, which exports ``load``."""
    code = _pieces(*LIBRARY, "module.js")
    return code.replace("{{model}}", packed.text)


def _pieces(*names: str) -> str:
    return "\n".join(map(_piece, names))


def _piece(name: str) -> str:
    return resources.files(__package__).joinpath("web", name).read_text("utf-8")


def _hash(text: str) -> str:
    """What the page's Content-Security-Policy knows a script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
