"""A finished run as one page that needs nothing but itself.

:mod:`textcnn.insight.report.figures` draws what :mod:`textcnn.insight.report.page` gathers and lays
out, with matplotlib and Jinja2, which are an extra: ``pip install '.[report]'``.
"""

from importlib.util import find_spec

NEEDED = ("jinja2", "matplotlib")


def is_installed() -> bool:
    """Whether what a report is made with is at hand; it is not loaded."""
    return all(find_spec(name) is not None for name in NEEDED)
