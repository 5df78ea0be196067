"""The pictures on the pages: they have words beside them, and are drawn by scripts."""

import re
import xml.etree.ElementTree as ET

import pytest

from docs.pages import pages


def test_every_picture_has_words_beside_it():
    for name, text in pages().items():
        shown = re.findall(r"!\[([^\]]*)\]\(", text) + re.findall(r'<img alt="([^"]*)"', text)
        assert text.count("<img") + text.count("![") == len(shown), name
        assert all(len(words) > 20 for words in shown), name


@pytest.mark.slow
def test_the_script_draws_them(browser, reported_run, tmp_path):
    pytest.importorskip("rich")
    from docs.draw_pictures import draw_explanation, draw_page, draw_report
    from textcnn.training.run_folder import RunFolder

    run = RunFolder(reported_run)
    draw_explanation(run, tmp_path / "explain.svg")
    svg = (tmp_path / "explain.svg").read_text("utf-8")
    ET.fromstring(svg)
    assert "gorgeous" in svg
    assert "url(http" not in svg  # Nothing is fetched by who looks at it.
    draw_report(browser, run, tmp_path / "report-light.png", "light")
    draw_report(browser, run, tmp_path / "report-dark.png", "dark")
    draw_page(browser, run, tmp_path / "page.png")
    pictures = [path.read_bytes() for path in tmp_path.glob("*.png")]
    assert len(set(pictures)) == 3
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
