"""The report in a browser: nothing asked for, readable on a phone and in both themes."""

import pytest

from tests.support.browsing import Opened

CONTRAST = """() => {
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => element === null ? [255, 255, 255]
    : over(numbers(getComputedStyle(element).backgroundColor), ground(element.parentElement));
  let least = 21;
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((it) => it.nodeType === 3 && it.data.trim())) continue;
    if (element.closest("svg title, svg desc")) continue; // Heard and not seen.
    const style = getComputedStyle(element);
    const colour = element.closest("svg") ? style.fill : style.color;
    if (!colour.startsWith("rgb")) continue;
    const [one, other] = [luminance(numbers(colour)), luminance(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    least = Math.min(least, ratio);
  }
  return least;
}"""
"""The least contrast of any text with what it stands on (WCAG 2.2, success criterion 1.4.3)."""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_either_theme(browser, reported_run, scheme):
    opened = Opened(browser, reported_run / "report.html", color_scheme=scheme)
    opened.page.evaluate("document.querySelectorAll('details').forEach((it) => it.open = true)")
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground.strip("rgb()").split(", "))) > 384) == (scheme == "light")
    assert opened.page.evaluate(CONTRAST) >= 4.5
    opened.assert_quiet()


def test_it_fits_a_phone(browser, reported_run):
    opened = Opened(browser, reported_run / "report.html", viewport={"width": 320, "height": 640})
    opened.page.evaluate("document.querySelectorAll('details').forEach((it) => it.open = true)")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 320
    opened.assert_quiet()


def test_it_is_walked_through_by_keyboard(browser, reported_run):
    opened = Opened(browser, reported_run / "report.html")
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the scores"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#scores"
    page.keyboard.press("Tab")  # The first table, which may have to be scrolled.
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Each label"
    opened.assert_quiet()


def test_a_screen_reader_is_told_what_is_where(browser, reported_run):
    opened = Opened(browser, reported_run / "report.html")
    page = opened.page
    for name in ("Scores", "How training went", "Surest mistakes", "How to repeat it"):
        assert page.get_by_role("region", name=name).is_visible()
    plot = page.get_by_role("img", name="Loss (nats)")
    assert plot.is_visible()
    assert page.get_by_role("navigation", name="Sections").get_by_role("link").count() == 6
    assert page.get_by_role("rowheader", name="good").first.is_visible()
    opened.assert_quiet()
