"""The page while the database or its server is away, and with many viewers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.fault_scene import FAILED
from tests.web.browser.scenes import observed_fault
from tests.web.browser.server import Scene, running_scene
from tests.web.browser.viewer import Viewer
from tests.web.event_stream import EventStream

VIEWERS = 50

# Headless tabs are never hidden.
SET_HIDDEN = """isHidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_scene(tmp_path, observed_fault()) as scene:
        yield scene


def expect_stale(page: Page, what: str) -> None:
    """Expect the banner, and the last values in grey."""
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text(what)
    expect(banner.locator("time")).to_have_count(1)
    expect(page.locator("main.is-stale")).to_contain_text("no disk is left")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).filter") != "none"


def expect_current(page: Page) -> None:
    expect(page.get_by_role("alert")).to_be_empty()
    expect(page.locator("main.is-stale")).to_have_count(0)


@pytest.mark.long
def test_page_says_that_the_database_is_away_and_comes_back(
    browser: Browser, scene: Scene
) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open(f"/pbs/{FAILED}")
        expect_current(page)
        scene.etcd.kill()
        expect_stale(page, "The database is away since")
        assert viewer.violations() == []
        scene.etcd.start()
        expect_current(page)
        scene.write(f"/pb/{FAILED}/state", {"status": "FINISHED"})
        expect(page.locator("h1")).to_contain_text("FINISHED")


def test_page_says_that_its_server_is_away_and_comes_back(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        # The clock of the viewer is two hours late.
        viewer.page.add_init_script("const real = Date.now; Date.now = () => real() - 7200000")
        page = viewer.open(f"/pbs/{FAILED}")
        expect_current(page)
        scene.web.kill()
        expect_stale(page, "The server of this page is away since")
        since = page.get_by_role("alert").locator("time").get_attribute("datetime") or ""
        since_s = datetime.fromisoformat(since.replace("Z", "+00:00")).timestamp()
        assert time.time() - since_s < 3600
        scene.write(f"/pb/{FAILED}/state", {"status": "FINISHED"})
        scene.web.start()
        expect_current(page)
        expect(page.locator("h1")).to_contain_text("FINISHED")


@pytest.mark.long
def test_server_that_stops_answering_is_away_and_comes_back(
    browser: Browser, scene: Scene
) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open(f"/pbs/{FAILED}")
        scene.web.pause()
        expect_stale(page, "The server of this page is away since")
        scene.web.resume()
        expect_current(page)


@pytest.mark.long
def test_each_of_many_viewers_sees_a_change(browser: Browser, scene: Scene) -> None:
    with ExitStack() as open_streams, Viewer(browser, base=scene.url) as viewer:
        streams = [
            open_streams.enter_context(EventStream(scene.web.endpoint, "overview", "pbs"))
            for _ in range(VIEWERS - 1)
        ]
        page = viewer.open("/")
        expect(page).to_have_title("✖ 1 fault · Overview · SDP")
        scene.write(f"/pb/{FAILED}/state", {"status": "RUNNING"})
        expect(page).to_have_title("Overview · SDP")
        for stream in streams:
            stream.document("overview", lambda data: not data["subarrays"][0]["faults"])


@pytest.mark.long
def test_more_tabs_than_connections_of_a_browser_are_shown(browser: Browser, scene: Scene) -> None:
    """A browser permits six connections to a server; hidden tabs leave them to others."""
    with Viewer(browser, base=scene.url) as viewer:
        first = viewer.open(f"/pbs/{FAILED}")
        first.evaluate(SET_HIDDEN, True)
        for _ in range(8):
            tab = viewer.page.context.new_page()
            tab.goto("/")
            expect(tab).to_have_title("✖ 1 fault · Overview · SDP")
            tab.evaluate(SET_HIDDEN, True)
        scene.write(f"/pb/{FAILED}/state", {"status": "FINISHED"})
        expect(first).to_have_title(re.compile("^paused · FAILED"))
        expect(first.locator("main.is-stale")).to_have_count(1)
        first.evaluate(SET_HIDDEN, False)
        expect(first.locator("h1")).to_contain_text("FINISHED")
        expect_current(first)
