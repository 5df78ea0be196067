"""The site: links of the pages lead somewhere on it too, and docstrings become Markdown."""

import re

import pytest

from docs.pages import CLONE, DOCS
from docs.site import on_page_markdown


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[speed](speed.md#growth)", "[speed](speed.md#growth)"),
        ("[a](../textcnn/core/network.py)", "[a](api/core.md#textcnn.core.network)"),
        ("[a](../textcnn/core/layers/)", "[a](api/core.md#textcnn.core.layers)"),
        ("[a](../textcnn/reference.py)", "[a](api/reference.md#textcnn.reference)"),
        ("see [`run.py`](../benchmarks/run.py).", "see `run.py`."),
    ],
)
def test_links_out_of_the_pages(link, expected):
    assert on_page_markdown(link, None, None, None) == expected


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"^ +- (\S+\.md)$", (CLONE / "mkdocs.yml").read_text("utf-8"), re.M)
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md"))


def test_docstrings_become_markdown():
    pytest.importorskip("griffe")
    from docs.docstrings import as_markdown

    lines = ["See :func:`f`, of n + 2*pad rows, ``2*pad``::", "", "    Z = h*s + k*w", "", "2*n*k."]
    expected = ["See `f`, of n + 2\\*pad rows, ``2*pad``:", *lines[1:4], "2\\*n\\*k."]
    assert as_markdown("\n".join(lines)).split("\n") == expected
    table = "====  ===\n``a``  1\n====  ==="
    assert as_markdown(f"Text.\n\n{table}") == "Text.\n\n```\na  1\n```"
