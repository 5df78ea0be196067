"""The README's pictures: they are there, have words beside them, and are drawn by a script."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[2]
README = (CLONE / "README.md").read_text(encoding="utf-8")


def test_the_readmes_pictures_are_there_and_described():
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    shown += re.findall(r'<img alt="([^"]*)"[^>]* src="([^"]+)"', README)
    sources = re.findall(r'srcset="([^"]+)"', README)
    assert len(shown) >= 4
    for words, path in shown:
        assert len(words) > 20
        assert (CLONE / path).is_file()
    for path in sources:
        assert (CLONE / path).is_file()


def test_the_script_draws_them(browser, trained_run, tmp_path):
    pytest.importorskip("rich")
    from docs.draw_pictures import draw_explanation, draw_page, draw_report
    from textcnn.training.run_folder import RunFolder

    run = RunFolder(trained_run)
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
