"""Draws the pages' pictures of the program from a run: ``python -m docs.draw_pictures RUN``.

``explain.svg`` is a terminal; ``report-light.png``, ``report-dark.png`` and ``page.png`` are taken
by a headless Chromium. Needs the extras ``browser``, ``report`` and ``terminal``.
"""

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.text import Text

from textcnn.commands import main
from textcnn.insight.explanations.as_text import as_text
from textcnn.insight.explanations.explaining import Explainer
from textcnn.insight.explanations.what_if import what_if
from textcnn.support.terminal import Screen
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.run_folder import RunFolder

SENTENCE = "a gorgeous , witty film that is never too slow"
COLUMNS = 84
"""Of the terminal."""

REPORT = {"width": 1000, "height": 1180}
"""Pixels of the report that are shown: its scores and curves."""

PAGE = {"width": 760, "height": 860}


def draw_explanation(run: RunFolder, path: Path) -> None:
    """What ``textcnn explain`` prints on a terminal, as SVG."""
    explainer = Explainer(load_checkpoint(run.best))
    explanation = explainer.explain(SENTENCE)
    change = what_if(explainer.model, explanation.tokens)
    shown = as_text(explanation, 8, Screen(COLUMNS, True), change)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f'$ textcnn explain --what-if "{SENTENCE}"\n{shown}'))
    svg = console.export_svg(title="textcnn explain", unique_id="explain")
    # Rich's fonts would be fetched; a monospaced one of the reader's does.
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S), encoding="utf-8")


def draw_report(browser: Browser, run: RunFolder, path: Path, scheme: Any) -> None:
    """The top of a run's report."""
    page = browser.new_page(viewport=REPORT, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(run.report.resolve().as_uri())
    page.screenshot(path=path)
    page.close()


def draw_page(browser: Browser, run: RunFolder, path: Path) -> None:
    """The exported model at work."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.html"
        try:
            main(["export", str(run.path), "--to", "html", "--out", str(model)])
        except SystemExit as ended:
            if ended.code:
                raise
        page = browser.new_page(viewport=PAGE)  # type: ignore[arg-type]
        page.goto(model.as_uri())
        page.wait_for_selector("textarea:enabled")
        page.keyboard.type(SENTENCE)
        page.screenshot(path=path)
        page.close()


def draw_all(run: RunFolder, folder: Path) -> None:
    """Every picture of the pages that is drawn from a run.

    Args:
        run: finished, with a report.
        folder: where the pictures go.
    """
    draw_explanation(run, folder / "explain.svg")
    with sync_playwright() as playwright:
        # Debian's, where it is installed; it has no sandbox for root.
        own = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            draw_report(browser, run, folder / f"report-{scheme}.png", scheme)
        draw_page(browser, run, folder / "page.png")
        browser.close()


if __name__ == "__main__":
    draw_all(RunFolder(Path(sys.argv[1])), Path(__file__).parent)
