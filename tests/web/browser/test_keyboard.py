"""The page with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.fault_scene import FAILED
from tests.web.browser.scenes import PAGES, observed_fault
from tests.web.browser.server import Scene, running_scene
from tests.web.browser.viewer import Viewer

pytestmark = pytest.mark.long

STOPS_MAX = 150
"""Number of elements of a page that get the focus, at most."""

FOCUS = """() => {
    const found = document.activeElement;
    if (found === document.body) return null;
    const style = getComputedStyle(found);
    const { width, height } = found.getBoundingClientRect();
    return { id: found.id, text: (found.textContent || "").slice(0, 60), name: found.tagName,
        isVisible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isInSight: width > 0 && height > 0,
        index: [...document.querySelectorAll("*")].indexOf(found) };
}"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("web"), observed_fault()) as scene:
        yield scene


def press_until(page: Page, text: str) -> None:
    """Press Tab until the text of the focused element begins with a text."""
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus and focus["text"].startswith(text):
            return
    raise AssertionError(f"Tab does not lead to {text}")


def test_keyboard_leads_through_all_views(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/")
        press_until(page, "Subarray 01")
        page.keyboard.press("Enter")
        expect(page).to_have_title("FAULT · Subarray 01 · SDP")
        expect(page.locator("main")).to_be_focused()
        press_until(page, "Graph as a list")
        page.keyboard.press("Enter")
        expect(page.locator("details[open]")).to_have_count(1)
        press_until(page, FAILED)
        page.keyboard.press("Enter")
        expect(page).to_have_title(f"FAILED · PB {FAILED} · SDP")
        for name in ("PBs", "Deployments", "Flows", "Log", "Overview"):
            page.keyboard.press("Control+Home")
            press_until(page, name)
            page.keyboard.press("Enter")
            expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute(
                "aria-current", "page"
            )


def test_skip_link_is_first_and_leads_to_the_content(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.locator("h1").evaluate("heading => heading.dataset.isOld = true")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        # The view was not created again.
        expect(page.locator("h1[data-is-old]")).to_have_count(1)


@pytest.mark.parametrize("address", PAGES)
def test_focus_is_visible_moves_down_the_page_and_leaves_it(
    browser: Browser, scene: Scene, address: str
) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open(address)
        last = -1
        for _ in range(STOPS_MAX):
            page.keyboard.press("Tab")
            focus = page.evaluate(FOCUS)
            if focus is None:
                break
            assert focus["isVisible"], focus
            assert focus["isInSight"], focus
            assert focus["index"] > last, focus
            last = focus["index"]
        else:
            raise AssertionError("the focus never leaves the page")
        assert last > 0


def test_table_is_sorted_and_scrolled_with_the_keyboard(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/pbs")
        press_until(page, "Status")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("sort=status$"))
        expect(
            page.get_by_role("columnheader", name="Status").get_by_role("button")
        ).to_be_focused()
