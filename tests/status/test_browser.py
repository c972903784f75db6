"""The pages in a real browser: every link followed, on a phone and on a desktop, light and dark."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from monitor.status.server import address, listen, served
from monitor.status.site import Site
from tests.support.browser import DESKTOP, PHONE, asked_elsewhere, browser, complaints, seen_as

LINKS = "return [...document.querySelectorAll('main a, nav a')].map(link => link.href)"
OVERFLOWS = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
FAINT = """
const lightness = colour => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(one => {
    const part = one / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/rgba\\(.*, 0\\)/.test(colour)) return colour;
  }
  return 'rgb(255, 255, 255)';
};
return [...document.querySelectorAll('main *, nav *, footer *')]
  .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
  .filter(one => !one.closest('svg') && one.getClientRects().length && !one.closest('.unseen, .skip'))
  .filter(one => {
    const pair = [lightness(getComputedStyle(one).color), lightness(ground(one))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05) < 4.5;
  })
  .map(one => one.className + ': ' + one.textContent.trim().slice(0, 40));
"""


@pytest.fixture(scope="module")
def base(site: Site) -> Iterator[str]:
    with closing(listen("127.0.0.1", 0, None)) as taken:
        where = address(taken)
        with served(site, taken):
            yield where


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def test_every_link_leads_to_a_page_and_nothing_is_asked_elsewhere(window: Any, base: str) -> None:
    seen_as(window, DESKTOP)
    waiting, seen = [f"{base}/"], set[str]()
    while waiting:
        url = waiting.pop().partition("#")[0]
        if url in seen:
            continue
        seen.add(url)
        window.get(url)
        title = WebDriverWait(window, 10).until(lambda seen: seen.title, f"{url} has no title")
        assert title.endswith("Metalwatch"), url
        assert not window.find_element("tag name", "h1").text.startswith("No such"), url
        waiting += window.execute_script(LINKS)

    assert len(seen) > 12
    assert asked_elsewhere(window, base) == []
    assert complaints(window) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_page_fits_and_can_be_read(window: Any, base: str, size: tuple[int, int], dark: bool) -> None:
    seen_as(window, size, dark=dark)
    for path in ("/", "/alerts", "/data", "/messages", "/attention", "/rules/precious/gsr-high", "/nothing"):
        window.get(base + path)
        assert window.execute_script(OVERFLOWS) <= 0, f"{path} is wider than the screen"
        assert window.execute_script(FAINT) == [], f"{path} has words that are hard to read"


def test_on_a_phone_the_chart_is_made_for_it_and_the_keyboard_skips_to_the_content(
    window: Any, base: str
) -> None:
    seen_as(window, PHONE)
    window.get(f"{base}/rules/precious/gsr-high")
    wide, narrow = (window.find_element("css selector", f"figure .{name}") for name in ("wide", "narrow"))
    assert (wide.is_displayed(), narrow.is_displayed()) == (False, True)

    window.find_element("tag name", "body").send_keys("\ue004")  # the tab key
    focused = window.switch_to.active_element
    assert focused.text == "Skip to content"
    focused.click()
    assert window.current_url.endswith("#main")
