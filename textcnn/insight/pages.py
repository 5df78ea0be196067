"""Pages for a browser: one file each, without a script, a font or a request.

Jinja2, an extra (``pip install '.[report]'``), escapes whatever stands in the data, so that no
sentence and no label becomes markup.
"""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.explanations.wording import SHADES, probability_words, shade, typeset
from textcnn.support.text import cut, printable

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_WORD = 80
"""Characters shown of a word or n-gram; what is longer is not read, but would fill the page."""


def render(template: str, title: str, **values: Any) -> str:
    """The page that a template makes of these values.

    Raises:
        ImportError: Jinja2 is not installed.
    """
    return _environment().get_template(template).render(**values, title=title, shades=SHADES)


@functools.cache
def _environment() -> "Environment":
    """What reads and compiles each template once: for a process that makes several pages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__ or ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "percent": _percent,
        "probability": probability_words,
        "typeset": typeset,
        "brief": functools.partial(cut, longest=LONGEST_WORD),
        "width": _width,
    }
    return environment


def _finalize(value: Any) -> Any:
    """Control characters made harmless in all text; what is markup already is of the template."""
    return printable(value) if type(value) is str else value


def _percent(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{100 * value:.1f} %"


def _width(push: float, others: list[Any], label: int) -> str:
    """How long a bar is, in per cent of the longest of its table."""
    most = max(float(other.pushes[label]) for other in others)
    return f"{100 * max(push, 0) / most:.1f}" if most > 0 else "0"


def shaded_words(explanation: Explanation, label: int) -> list[dict[str, str]]:
    """A sentence's words, each with its push for a label, unless that is next to nothing."""
    pushes = explanation.pushes(explanation.words)[:, label]
    most = float(np.abs(pushes).max(initial=0.0))
    return [
        {"text": token, "push": typeset(push) if colour else "", "shade": colour}
        for token, push in zip(explanation.tokens, pushes.tolist(), strict=True)
        for colour in [shade(push, most)]
    ]
