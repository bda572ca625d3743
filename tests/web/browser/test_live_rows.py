"""Rows of a table while others appear, go and move."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.browser.server import Scene, running_scene
from tests.web.browser.viewer import Viewer

pytestmark = pytest.mark.long

ROWS = 100


def block(number: int) -> str:
    return f"pb-test-20260131-{number:05}"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A database with many processing blocks; each test adds those above them that it needs."""
    blocks = {f"/pb/{block(number)}": {"pb_id": block(number)} for number in range(ROWS)}
    with running_scene(tmp_path_factory.mktemp("web"), blocks) as scene:
        yield scene


@pytest.fixture
def viewer(browser: Browser, scene: Scene) -> Iterator[Viewer]:
    with Viewer(browser, base=scene.url) as viewer:
        yield viewer


def row(page: Page, number: int) -> Locator:
    return page.locator("tr", has=page.get_by_role("link", name=block(number), exact=True))


def test_focus_stays_on_its_row(viewer: Viewer, scene: Scene) -> None:
    page = viewer.open("/pbs?sort=-id")
    link = row(page, 80).get_by_role("link")
    link.focus()
    index = int(row(page, 80).get_attribute("aria-rowindex") or 0)
    scene.write(f"/pb/{block(200)}", {"pb_id": block(200)})
    expect(row(page, 80)).to_have_attribute("aria-rowindex", str(index + 1))
    expect(link).to_be_focused()


def test_focus_follows_a_row_that_moves_and_else_stays_in_the_table(
    viewer: Viewer, scene: Scene
) -> None:
    page = viewer.open("/pbs?sort=status")
    link = row(page, 3).get_by_role("link")
    link.focus()
    scene.write(f"/pb/{block(3)}/state", {"status": "ABORTED"})
    expect(row(page, 3)).to_have_attribute("aria-rowindex", "2")
    expect(link).to_be_focused()
    scene.write(f"/pb/{block(3)}/state", {"status": "WAITING"})
    expect(link).to_have_count(0)
    expect(page.get_by_role("region", name="Processing blocks, scrolling")).to_be_focused()


def test_row_under_the_pointer_stays_in_its_place(viewer: Viewer, scene: Scene) -> None:
    page = viewer.open("/pbs?sort=-id")
    pointed = row(page, 80)
    pointed.hover()
    index = int(pointed.get_attribute("aria-rowindex") or 0)
    before = pointed.bounding_box()
    assert before is not None
    scene.write(f"/pb/{block(201)}", {"pb_id": block(201)})
    expect(pointed).to_have_attribute("aria-rowindex", str(index + 1))
    after = pointed.bounding_box()
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=1)


def test_quick_changes_of_rows_are_drawn_together(viewer: Viewer, scene: Scene) -> None:
    viewer.page.clock.install()
    page = viewer.open("/pbs")
    table = page.locator("table")
    expect(table).to_have_attribute("aria-rowcount", re.compile("[0-9]+"))
    before = int(table.get_attribute("aria-rowcount") or 0)
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 2"))
    for added in (1, 2):
        scene.write(f"/pb/{block(300 + added)}", {"pb_id": block(300 + added)})
        # The title is set at once. The rows of the table include that of the titles.
        expect(page).to_have_title(f"Processing blocks ({before - 1 + added}) · SDP")
        page.clock.run_for(100)
        expect(table).to_have_attribute("aria-rowcount", str(before + 1))
    page.clock.run_for(500)
    expect(table).to_have_attribute("aria-rowcount", str(before + 2))


def test_number_of_rows_is_announced_only_after_a_filter(viewer: Viewer, scene: Scene) -> None:
    page = viewer.open("/pbs")
    announcer = page.get_by_role("status")
    expect(announcer).to_have_count(1)
    page.get_by_label("Filter").fill(block(42))
    expect(announcer).to_have_text(re.compile("^1 of [0-9]+ rows$"))
    scene.write(f"/pb/{block(42)}1", {"pb_id": f"{block(42)}1"})
    expect(page.get_by_text("2 of")).to_be_visible()
    expect(announcer).to_have_text(re.compile("^1 of [0-9]+ rows$"))
