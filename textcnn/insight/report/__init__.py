"""A finished run as one page that needs nothing but itself.

What it says is gathered in :mod:`textcnn.insight.report.findings`;
:mod:`textcnn.insight.report.figures` draws it, with matplotlib, and
:mod:`textcnn.insight.report.page` lays it out, with Jinja2. Both are an extra: ``pip install
'.[report]'``.
"""

from importlib.util import find_spec

NEEDED = ("jinja2", "matplotlib")


def is_installed() -> bool:
    """Whether what a report is made with is at hand; it is not loaded."""
    return all(find_spec(name) is not None for name in NEEDED)
