"""Explanations as one web page that needs nothing but itself: no script, no request, no font.

The page is put together as a tree and written by the standard library, which escapes every text, so
that no sentence and no label can become markup.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np

from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.explanations.what_if import Change
from textcnn.insight.explanations.wording import (
    SHADES,
    change_words,
    kind_words,
    label_words,
    shade,
    share,
    signed,
    term_words,
    typeset,
)
from textcnn.support.text import printable

STYLE = (
    """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fdfdfd; --line: #bbb; --dim: #5a5a5a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #161616; --line: #555; --dim: #b0b0b0; }
}
body { margin: 0 auto; padding: 1rem; max-width: 50rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin: 0; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
p { margin: .6rem 0; } .note { color: var(--dim); font-size: .9rem; }
.sentence { line-height: 2.6; }
.word { display: inline-block; max-width: 100%; vertical-align: top; line-height: 1.3;
  text-align: center; border-radius: .2rem; padding: .1rem .25rem; margin: .1rem; }
.word small { display: block; font-size: .75rem; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .15rem .7rem .15rem 0; border-bottom: 1px solid var(--line);
  font-weight: 400; }
tbody th { min-width: 6rem; } thead th { color: var(--dim); vertical-align: bottom; }
.number { text-align: right; } td.number { white-space: nowrap; }
"""
    + SHADES
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Even if something slipped through, a browser would run and fetch nothing."""


def page(explained: Sequence[tuple[Explanation, Change | None]], top: int, source: str) -> str:
    """The whole page.

    Args:
        explained: the explanations, each with its smallest change or None.
        top: rows of each table of n-grams.
        source: which model it was.
    """
    html = ET.Element("html", lang="en")
    head = ET.SubElement(html, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": POLICY})
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "title", "Why these labels")
    _add(head, "style", STYLE)
    body = ET.SubElement(html, "body")
    main = ET.SubElement(body, "main")
    _add(main, "h1", "Why these labels")
    _add(main, "p", f"By {source}.", "note")
    _add(main, "p", _NOTE, "note")
    for number, (explanation, change) in enumerate(explained, 1):
        _section(main, number, explanation, change, top)
    return "<!DOCTYPE html>\n" + ET.tostring(html, encoding="unicode", method="html") + "\n"


_NOTE = (
    "Under each word stands how far it pushes the answer towards the label (green, +) or away from "
    "it (purple, −); an n-gram's share is divided equally among its words. The tables hold the "
    "n-grams themselves, whose numbers are exact."
)


def _add(parent: ET.Element, tag: str, text: str, kind: str = "", **attributes: str) -> ET.Element:
    found = ET.SubElement(parent, tag, attributes)
    if kind:
        found.set("class", kind)
    # The style sheet is ours and has lines; everything else may hold anything.
    found.text = text if tag == "style" else printable(text)
    return found


def _section(
    main: ET.Element, number: int, explanation: Explanation, change: Change | None, top: int
) -> None:
    section = ET.SubElement(main, "section", {"aria-labelledby": f"s{number}"})
    names = label_words(explanation, explanation.answered)
    if len(explanation.answered) == 1:
        names += f" {share(explanation.probabilities[explanation.answered[0]])}"
    _add(section, "h2", f"{number}. {names}", id=f"s{number}")
    for label in explanation.explained:
        _sentence(section, explanation, label)
    if explanation.unknown:
        unknown = " ".join(explanation.unknown_words)
        _add(section, "p", f"Not seen in training: {unknown}", "note")
    if change is not None:
        _add(section, "p", f"What if: {change_words(explanation, change)}.")
    _ngrams(section, explanation, top)
    _sums(section, explanation)


def _sentence(section: ET.Element, explanation: Explanation, label: int) -> None:
    name = explanation.labels[label]
    _add(section, "p", f"Push towards {name}, {share(explanation.probabilities[label])}:", "note")
    # Of which language the sentence is, and in which direction it is read, only it knows.
    paragraph = _add(section, "p", "", "sentence", lang="", dir="auto")
    if not explanation.tokens:
        paragraph.text = "(no words)"
    pushes = explanation.pushes(explanation.words)[:, label]
    most = float(np.abs(pushes).max(initial=0.0))
    for token, push in zip(explanation.tokens, pushes.tolist(), strict=True):
        word = _add(paragraph, "span", token, f"word {shade(push, most)}".strip())
        if signed(push) != "0.00":
            _add(word, "small", typeset(push))
        word.tail = " "


def _ngrams(section: ET.Element, explanation: Explanation, top: int) -> None:
    terms = explanation.strongest()
    if not terms or not top:
        return
    labels, rest = explanation.columns, len(terms) - top
    caption = "What pushed most" + (f" ({rest} more are left out)" if rest > 0 else "")
    names = [explanation.labels[index] for index in labels]
    body = _table(section, caption, ["n-gram", "from", *names], 2)
    for term in terms[:top]:
        row = ET.SubElement(body, "tr")
        _add(row, "th", term_words(term, explanation.tokens), scope="row", dir="auto")
        _add(row, "td", kind_words(term))
        pushes = explanation.pushes(term.values)
        for index in labels:
            _add(row, "td", typeset(pushes[index]), "number")


def _sums(section: ET.Element, explanation: Explanation) -> None:
    parts = (explanation.bias, *explanation.by_source, explanation.logits)
    heads = ["label", "bias", "+ filters", "+ n-grams", "= logit", "probability"]
    body = _table(section, "How it adds up", heads, 1)
    for index in explanation.ranked:
        row = ET.SubElement(body, "tr")
        _add(row, "th", explanation.labels[index], scope="row")
        for values in parts:
            _add(row, "td", typeset(values[index]), "number")
        _add(row, "td", share(explanation.probabilities[index]), "number")


def _table(section: ET.Element, caption: str, heads: Sequence[str], words: int) -> ET.Element:
    """An empty table's body; the first columns hold words, the others numbers."""
    # Reached by the keyboard, so that it can be scrolled without a mouse.
    scroll = ET.SubElement(
        section, "div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": caption}
    )
    table = ET.SubElement(scroll, "table")
    _add(table, "caption", caption)
    row = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for place, head in enumerate(heads):
        _add(row, "th", head, "" if place < words else "number", scope="col")
    return ET.SubElement(table, "tbody")
