"""Pages in a browser: headless Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def started_browser() -> Iterator[Any]:
    """A headless Chromium, the system's or Playwright's own, until it is closed again."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        pytest.skip("Playwright is not installed (pip install '.[browser]'): pages are not tested")
    found = [path for path in map(shutil.which, BROWSERS) if path]
    # Chromium has no sandbox for root.
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=found[0] if found else None, args=flags
            )
        except Error as error:
            pytest.skip(
                f"no Chromium to be had: pages are not tested ({str(error).splitlines()[0]})"
            )
        yield started
        started.close()


class Opened:
    """A page from a file, and all that it said and asked for.

    Attributes:
        page: Playwright's.
        messages: of the console, and errors.
        requests: addresses.
    """

    def __init__(self, browser: Any, path: Path, **context: Any):
        self.page = browser.new_context(**context).new_page()
        self.address = path.resolve().as_uri()
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(self.address)

    def text(self, selector: str) -> str:
        """What is seen there."""
        shown: str = self.page.inner_text(selector)
        return shown

    def assert_quiet(self) -> None:
        """It asked for itself and nothing else, and said nothing."""
        assert self.requests == [self.address]
        assert self.messages == []
        self.page.context.close()
