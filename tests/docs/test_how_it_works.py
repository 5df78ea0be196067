"""How it works: the page's code prints what the page says, and its pictures show its numbers."""

import re
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from benchmarks import steps
from docs.draw_steps import PICTURES, drawn
from docs.pages import DOCS, page, run_examples


@pytest.fixture(scope="module")
def examples():
    return run_examples(page("how-it-works"))[0]


def test_every_block_prints_what_stands_below_it(examples):
    assert len(examples) >= 10
    for example in examples:
        assert example.promised
        assert example.printed == example.promised


def test_the_pictures_are_those_of_the_numbers():
    assert re.findall(r"\]\(steps/(.*)\.svg\)", page("how-it-works")) == list(PICTURES)
    for name, svg in drawn().items():
        ET.fromstring(svg)
        assert (DOCS / "steps" / f"{name}.svg").read_text("utf-8") == svg, (
            "python -m docs.draw_steps"
        )


def test_every_step_says_what_it_bought():
    chapters = re.split(r"^## ", page("how-it-works"), flags=re.M)
    numbered = [chapter for chapter in chapters if chapter[0].isdigit()]
    assert len(numbered) == len(PICTURES)
    assert all("**What it bought:**" in chapter for chapter in numbered)


@pytest.mark.slow
def test_the_benchmark_counts_and_times_the_steps(tmp_path):
    file = tmp_path / "sentences.txt"
    file.write_text("a witty film .\ntoo slow , too long\n")
    words = [str(file), "--rounds", "1", "--batches", "1", "--batch-size", "2"]
    done = CliRunner().invoke(steps.main, words, catch_exceptions=False)
    assert "| words | 8 |" in done.output
    assert "| different words | 7 |" in done.output
    assert len(re.findall(r"^\| (?:loops|plain layers|the fast kernel)", done.output, re.M)) == 3
