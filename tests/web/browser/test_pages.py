"""Contents of the pages on a database with a subarray in FAULT."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.support.fault_scene import EB, FAILED, REASON, WAITING
from tests.web.browser.scenes import PAGES, observed_fault
from tests.web.browser.server import Scene, running_scene
from tests.web.browser.viewer import PHONE, WIDE, Viewer

FAULT_TEXT = f"Processing block {FAILED} is FAILED: {REASON}"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A server of the page; tests leave its database as it is, or use things of their own."""
    with running_scene(tmp_path_factory.mktemp("web"), observed_fault()) as scene:
        yield scene


@pytest.fixture
def viewer(browser: Browser, scene: Scene) -> Iterator[Viewer]:
    with Viewer(browser, base=scene.url) as viewer:
        yield viewer


def test_overview_shows_first_what_is_wrong_since_when_and_what_to_do(viewer: Viewer) -> None:
    page = viewer.open("/")
    expect(page).to_have_title("✖ 1 fault · Overview · SDP")
    first = page.locator("main section").first
    expect(first).to_contain_text("What is wrong")
    expect(first).to_contain_text(FAULT_TEXT)
    expect(first).to_contain_text(re.compile(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(\d"))
    expect(first.locator(".way-out")).to_have_text("→ What to do: ObsReset or Restart")


def test_overview_has_a_card_for_each_subarray_with_its_obs_state_lit(viewer: Viewer) -> None:
    page = viewer.open("/")
    for number, obs_state, diagram in (("01", "FAULT", "exits"), ("02", "EMPTY", "cycle")):
        card = page.get_by_role("article", name=f"Subarray {number}")
        expect(card.locator("header .badge")).to_contain_text(obs_state)
        expect(card.locator(f"[data-key={diagram}] .is-lit")).to_have_class(
            re.compile(f"state-{obs_state}")
        )
        expect(card.locator(".is-lit")).to_have_count(1)
    card = page.get_by_role("article", name="Subarray 01")
    expect(card).to_contain_text("1 of 2 done")
    expect(card).to_contain_text("Allowed: Off, ObsReset, Restart")
    expect(card.get_by_role("button")).to_have_count(0)
    card.get_by_role("link", name="Subarray 01").click()
    expect(page).to_have_url(re.compile("/subarrays/01$"))
    expect(page).to_have_title("FAULT · Subarray 01 · SDP")


def test_state_diagram_that_fails_to_load_is_loaded_again(viewer: Viewer) -> None:
    answers = [(404, "Not found"), (200, "<html><p>Log in"), (200, "{}")]

    def answer(route: Route) -> None:
        if not answers:
            route.continue_()
            return
        status, body = answers.pop(0)
        route.fulfill(status=status, body=body, content_type="text/html")

    viewer.page.route("**/static/exits.svg", answer)
    viewer.page.clock.install()
    page = viewer.open("/subarrays/01")
    while answers:
        expect(page.locator("[data-key=exits]")).to_be_empty()
        page.clock.run_for(3000)
    expect(page.locator("[data-key=exits] .is-lit")).to_have_count(1)


def test_overview_shows_the_blocks_and_the_system(viewer: Viewer) -> None:
    page = viewer.open("/")
    blocks = page.get_by_role("region", name="Processing blocks")
    expect(blocks).to_contain_text("FAILED 1")
    expect(blocks).to_contain_text(REASON)
    expect(page.get_by_role("region", name="System")).to_contain_text("proccontrol online")
    expect(page.get_by_role("region", name="Last commands")).to_contain_text(
        "txn-test-20260131-00002"
    )
    blocks.get_by_role("link", name="FAILED 1").click()
    expect(page).to_have_url(re.compile(r"/pbs\?status=FAILED$"))
    expect(page.get_by_role("link", name=FAILED)).to_be_visible()
    expect(page.get_by_role("link", name=WAITING)).to_have_count(0)


def test_subarray_shows_its_blocks_as_a_graph_and_as_a_list(viewer: Viewer) -> None:
    page = viewer.open("/subarrays/01")
    graph = page.get_by_role("group", name="Graph of blocks and deployments")
    failed = graph.get_by_role("link", name=f"PB {FAILED}, FAILED, {REASON}")
    # A shape and a text say what the colour says.
    expect(failed).to_contain_text("✖ FAILED")
    expect(graph.locator(".edge")).to_have_count(3)
    page.get_by_text("Graph as a list").click()
    shown = page.locator("li", has_text=f"{WAITING} ○ WAITING")
    expect(shown).to_contain_text(f"after {FAILED} (vis-receive)")
    failed.click()
    expect(page).to_have_title(f"FAILED · PB {FAILED} · SDP")


def test_subarray_shows_its_timeline_also_as_a_list(viewer: Viewer) -> None:
    page = viewer.open("/subarrays/01")
    expect(page.locator(".lane", has_text="obsState").locator(".band")).to_contain_text("FAULT")
    expect(page.get_by_text("The history begins at revision")).to_be_visible()
    page.get_by_text("Timeline as a list").click()
    rows = page.get_by_role("region", name="Timeline as a list").get_by_role("row")
    expect(rows.filter(has_text="AssignResources")).to_contain_text("txn-test-20260131-00002")
    page.get_by_label("Range").select_option("all")
    expect(page).to_have_url(re.compile("range=all$"))


def test_timeline_is_redrawn_without_the_rest_of_the_page(viewer: Viewer) -> None:
    viewer.page.clock.install()
    page = viewer.open("/subarrays/01")
    # The last of what comes after the first drawing.
    expect(page.get_by_text("The history begins at revision")).to_be_visible()
    expect(page.locator("main .is-lit")).to_have_count(1)
    page.evaluate("""() => {
        window.made = [];
        const create = document.createElement.bind(document);
        document.createElement = name => { window.made.push(name); return create(name); };
    }""")
    page.clock.fast_forward(5000)
    page.wait_for_function("window.made.includes('select')")
    assert "pre" not in page.evaluate("window.made")


def test_channel_finds_host_and_port_and_stays_in_the_address(viewer: Viewer) -> None:
    page = viewer.open("/subarrays/01")
    page.get_by_label("Channel").fill("4321")
    found = page.get_by_text("Channel 4321 →")
    expect(found).to_have_text("Channel 4321 → node-1:11321 science vis0")
    expect(page).to_have_url(re.compile(r"channel=4321$"))
    page.reload()
    expect(found).to_contain_text("node-1:11321")
    expect(page.get_by_label("Channel")).to_have_value("4321")


def test_subarray_shows_resources_errors_and_its_execution_block(viewer: Viewer) -> None:
    page = viewer.open("/subarrays/01")
    expect(page.get_by_role("region", name="Resources in JSON")).to_contain_text("SKA002")
    expect(page.get_by_role("region", name="Errors in JSON")).to_contain_text(REASON)
    expect(page.get_by_role("region", name="Execution block in JSON")).to_contain_text("ACTIVE")


def test_table_keeps_sorting_and_filter_in_the_address(viewer: Viewer) -> None:
    page = viewer.open("/pbs")
    keys = page.locator("tbody tr:not(.space) td:first-child")
    expect(keys).to_have_text([FAILED, WAITING])
    title = page.get_by_role("columnheader", name="Processing block")
    title.get_by_role("button").click()
    expect(title).to_have_attribute("aria-sort", "ascending")
    title.get_by_role("button").click()
    expect(title).to_have_attribute("aria-sort", "descending")
    expect(keys).to_have_text([WAITING, FAILED])
    page.get_by_label("Filter").fill("no disk")
    expect(keys).to_have_text([FAILED])
    expect(page).to_have_url(re.compile(r"q=no\+disk&sort=-id$|sort=-id&q=no\+disk$"))
    page.reload()
    expect(page.get_by_label("Filter")).to_have_value("no disk")
    expect(keys).to_have_text([FAILED])
    page.get_by_label("Filter").fill("")
    expect(keys).to_have_text([WAITING, FAILED])
    page.get_by_label("Status").select_option("WAITING")
    expect(keys).to_have_text([WAITING])
    expect(page).to_have_url(re.compile(r"sort=-id&status=WAITING$"))


def test_object_shows_its_values_and_what_it_belongs_to(viewer: Viewer) -> None:
    page = viewer.open(f"/pbs/{FAILED}")
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text(FAULT_TEXT)
    values = page.get_by_role("region", name=f"/pb/{FAILED}/state")
    expect(values).to_contain_text('"reason": "no disk is left"')
    page.get_by_role("region", name="Summary").get_by_role("link", name=EB).first.click()
    expect(page).to_have_title(f"ACTIVE · EB {EB} · SDP")
    page.go_back()
    expect(page).to_have_title(f"FAILED · PB {FAILED} · SDP")


def test_reason_that_begins_with_a_time_is_text(viewer: Viewer, scene: Scene) -> None:
    new = "pb-test-20260131-00097"
    reason = "2026-01-31 12:00:00 the disk failed"
    scene.write(f"/pb/{new}", {"pb_id": new})
    scene.write(f"/pb/{new}/state", {"status": "FAILED", "reason": reason})
    page = viewer.open(f"/pbs/{new}")
    summary = page.get_by_role("region", name="Summary")
    expect(summary.locator("dd", has_text=reason)).to_have_text(reason)
    expect(summary.locator("dd", has_text=reason).locator("time")).to_have_count(0)
    scene.write(f"/pb/{new}/state", None)
    scene.write(f"/pb/{new}", None)


def test_change_is_shown_announced_and_in_the_title(viewer: Viewer, scene: Scene) -> None:
    new = "pb-test-20260131-00099"
    page = viewer.open(f"/pbs/{new}")
    expect(page.locator("main")).to_contain_text("The database has no such entry")
    scene.write(f"/pb/{new}", {"pb_id": new, "eb_id": EB})
    expect(page).to_have_title(f"STARTING · PB {new} · SDP")
    scene.write(f"/pb/{new}/state", {"status": "RUNNING"})
    expect(page.locator("h1")).to_contain_text("● RUNNING")
    expect(page).to_have_title(f"RUNNING · PB {new} · SDP")
    expect(page.get_by_role("status")).to_have_text(f"PB {new} is RUNNING")
    scene.write(f"/pb/{new}/state", None)
    scene.write(f"/pb/{new}", None)
    expect(page.locator("main")).to_contain_text("It was deleted from the database")
    expect(page).to_have_title(f"gone · PB {new} · SDP")


def test_log_shows_changes_the_newest_first(viewer: Viewer, scene: Scene) -> None:
    page = viewer.open("/log?q=/pb/pb-test-20260131-00098")
    for status in ("WAITING", "RUNNING"):
        scene.write("/pb/pb-test-20260131-00098/state", {"status": status})
    rows = page.locator("tbody tr:not(.space)")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("status WAITING → RUNNING")
    scene.write("/pb/pb-test-20260131-00098/state", None)
    expect(rows.first).to_contain_text("deleted")


def test_failure_of_the_page_is_shown(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/")
        page.evaluate("void (document.importNode = () => { throw new Error('a defect') })")
        scene.write("/component/test/owner", {})
        expect(page.get_by_role("alert")).to_contain_text("This page has failed")
        expect(page.get_by_role("alert")).to_contain_text("a defect. Reload the page.")
        expect(page.locator("main.is-stale")).to_have_count(1)
        page.evaluate("delete document.importNode")
        scene.write("/component/test/owner", None)
        expect(page.get_by_role("alert")).to_be_empty()
        assert all("a defect" in error for error in viewer.errors)
        viewer.errors.clear()


def test_server_that_rejects_the_stream_is_not_said_to_be_away(
    browser: Browser, scene: Scene
) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        viewer.page.route("**/events*", lambda route: route.fulfill(status=503))
        viewer.page.goto("/")
        banner = viewer.page.get_by_role("alert")
        expect(banner).to_contain_text("The server of this page sends no changes")
        expect(banner).not_to_contain_text("values below")
        viewer.page.unroute("**/events*")
        expect(viewer.page.locator("h1")).to_have_text("Overview")
        expect(banner).to_be_empty()


def test_address_is_copied(viewer: Viewer, scene: Scene) -> None:
    page = viewer.open("/pbs?status=FAILED")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{scene.url}/pbs?status=FAILED"


def test_theme_is_that_of_the_system_until_another_is_chosen(
    browser: Browser, scene: Scene
) -> None:
    with Viewer(browser, base=scene.url, theme="dark") as viewer:
        page = viewer.open("/log")
        background = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(background)
        page.get_by_role("button", name="Theme: auto").click()
        light = page.evaluate(background)
        assert light != dark
        page.reload()
        expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
        assert page.evaluate(background) == light
        page.get_by_role("button", name="Theme: light").click()
        assert page.evaluate(background) == dark


@pytest.mark.parametrize("address", ["/", "/subarrays/01"])
def test_page_is_not_too_wide_for_a_phone(browser: Browser, scene: Scene, address: str) -> None:
    with Viewer(browser, base=scene.url, size=PHONE) as viewer:
        viewer.open(address)
        assert not viewer.is_too_wide


@pytest.mark.parametrize("address", ["/", "/subarrays/01"])
def test_page_has_no_violations(viewer: Viewer, address: str) -> None:
    viewer.open(address)
    assert viewer.violations() == []


@pytest.mark.long
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_violations_in_any_theme_and_size(
    browser: Browser, scene: Scene, theme: str, size: tuple[int, int]
) -> None:
    with Viewer(browser, base=scene.url, theme=theme, size=size) as viewer:
        for address in PAGES:
            viewer.open(address)
            for details in viewer.page.locator("summary").all():
                details.click()
            assert viewer.violations() == [], address
            assert not viewer.is_too_wide, address
