"""An observation with a fault on a whole stack: what is on the page at each step, and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import tango
from playwright.sync_api import Browser, Page, expect

from ska_sdp_config import Config
from ska_sdp_sim.demo.content import Content, configure, scan
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.web import WebPage
from tests.e2e.subarray import Subarray, is_connected, quick
from tests.support.scripts import write_state
from tests.support.waiting import wait_until
from tests.web.browser.viewer import Viewer
from tests.web.client import log_in, request

TOKEN = "a-token-of-this-test"
REASON = "no disk is left"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    layout = Layout(subarrays=1, web=True)
    with LocalStack(tmp_path_factory.mktemp("stack"), layout) as stack:
        with Config(host=stack.etcd.host, port=stack.etcd.port) as config:
            define_scripts(config)
        yield stack


@pytest.fixture
def config(stack: LocalStack) -> Iterator[Config]:
    with Config(host=stack.etcd.host, port=stack.etcd.port) as config:
        yield config


@pytest.fixture
def subarray(stack: LocalStack) -> Subarray:
    """The subarray, OFF."""
    subarray = Subarray(f"tango://{stack.tango_db.tango_host}/test-sdp/subarray/01")
    wait_until(lambda: is_connected(subarray), 30)
    if subarray.proxy.state() != tango.DevState.OFF:
        subarray.command("Off")
    return subarray


@pytest.fixture(scope="module")
def commanding(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    """A server that sends commands."""
    directory = tmp_path_factory.mktemp("web")
    token_file = directory / "token"
    token_file.touch(0o600)
    token_file.write_text(TOKEN)
    options = ["--allow-commands", "--token-file", str(token_file)]
    with WebPage(directory, stack.environment, options=options) as web:
        yield web


def expect_obs_state(overview: Page, own: Page, obs_state: str) -> None:
    """Expect an obsState on the card, in both diagrams, and in the title."""
    expect(own).to_have_title(f"{obs_state} · Subarray 01 · SDP")
    expect(overview.locator("article header .badge")).to_contain_text(obs_state)
    for page in (overview, own):
        expect(page.locator(".diagram .is-lit")).to_have_class(re.compile(f"state-{obs_state}"))


def assign(subarray: Subarray) -> Content:
    content = quick()
    # The fault is to come before the script ends.
    for block in content.message["processing_blocks"]:
        block["parameters"]["duration"] = 60
    return subarray.assign(content)


@pytest.mark.long
def test_observation_with_a_fault_is_on_the_page_at_each_step(
    browser: Browser, stack: LocalStack, subarray: Subarray, config: Config
) -> None:
    assert stack.web is not None
    with (
        Viewer(browser, base=stack.web.url) as first,
        Viewer(browser, base=stack.web.url) as other,
    ):
        overview, own = first.open("/"), other.open("/subarrays/01")
        subarray.command("On")
        expect_obs_state(overview, own, "EMPTY")
        expect(overview.get_by_role("article")).to_contain_text("Allowed: Off, AssignResources")
        content = assign(subarray)
        expect_obs_state(overview, own, "IDLE")
        expect(overview.get_by_role("article")).to_contain_text(content.eb_id)
        graph = own.get_by_role("group", name="Graph of blocks and deployments")
        for pb_id in content.pb_ids("realtime") + content.pb_ids("batch"):
            expect(graph.get_by_role("link", name=f"PB {pb_id},")).to_be_visible()
        own.get_by_label("Channel").fill("0")
        expect(own.get_by_text("Channel 0 →").first).to_contain_text(re.compile(r":\d{4}"))
        scan_type = content.scan_types[0]
        subarray.command("Configure", configure(scan_type))
        expect_obs_state(overview, own, "READY")
        expect(overview.get_by_role("article")).to_contain_text(f"none, type {scan_type}")
        subarray.command("Scan", scan(7))
        expect_obs_state(overview, own, "SCANNING")
        expect(overview.get_by_role("article")).to_contain_text(f"7, type {scan_type}")
        expect(own.locator(".lane[data-key=Scan] .band").last).to_have_text("scan 7")
        failed = content.pb_ids("realtime")[0]
        write_state(config, failed, status="FAILED", reason=REASON)
        expect_obs_state(overview, own, "FAULT")
        wrong = overview.get_by_role("region", name="What is wrong")
        expect(wrong).to_contain_text(f"{failed} is FAILED: {REASON}")
        expect(wrong).to_contain_text("ObsReset or Restart")
        expect(overview).to_have_title(re.compile("^✖ 1 fault"))
        expect(graph.get_by_role("link", name=f"PB {failed}, FAILED, {REASON}")).to_be_visible()
        expect(own.get_by_role("status").last).to_contain_text("Subarray 01 is FAULT")
        subarray.command("Restart")
        expect_obs_state(overview, own, "EMPTY")
        expect(overview.get_by_role("region", name="No faults")).to_be_visible()
        own.get_by_text("Timeline as a list").click()
        listed = own.get_by_role("region", name="Timeline as a list")
        for text in ("AssignResources", "IDLE", "scan 7 started", "FAULT", "Restart"):
            expect(listed.get_by_text(text, exact=False).first).to_be_visible()
        expect(own.get_by_role("region", name="Change log")).to_contain_text("/lmc/subarray/01")


@pytest.mark.long
def test_commands_are_sent_after_a_question_and_rejections_show_the_devices_words(
    browser: Browser, commanding: WebPage, subarray: Subarray, config: Config
) -> None:
    with Viewer(browser, base=commanding.url) as viewer:
        page = viewer.page
        page.goto("/subarrays/01")
        expect(page.locator("h1")).not_to_contain_text("Subarray")
        page.get_by_label("Token").fill("a-wrong-token-of-this-test")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_label("Token")).to_be_visible()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        viewer.open("/subarrays/01")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        buttons = page.get_by_role("group", name="Commands of subarray 01").get_by_role("button")
        expect(buttons).to_have_text(["On"])
        buttons.first.click()
        dialog = page.get_by_role("dialog", name="Send On to subarray 01?")
        expect(dialog).to_be_visible()
        assert viewer.violations() == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert subarray.proxy.state() == tango.DevState.OFF
        buttons.first.click()
        dialog.get_by_role("button", name="Send On").click()
        expect(dialog).to_contain_text("On was accepted.")
        dialog.get_by_role("button", name="Close").click()
        expect(buttons).to_have_text(["Off", "AssignResources"])
        buttons.last.click()
        dialog = page.get_by_role("dialog", name="Send AssignResources to subarray 01?")
        expect(dialog.get_by_label("Argument, JSON")).to_have_value(re.compile("^{"))
        dialog.get_by_label("Argument, JSON").fill("{}")
        dialog.get_by_role("button", name="Send AssignResources").click()
        expect(dialog.locator(".answer")).to_contain_text(
            subarray.rejection("AssignResources", "{}").desc
        )
        subarray.command("Off")
        expect(dialog).to_contain_text("in which AssignResources is not allowed")
        dialog.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token")).to_be_visible()


@pytest.mark.long
def test_page_whose_session_has_ended_shows_the_login(
    browser: Browser, commanding: WebPage
) -> None:
    with Viewer(browser, base=commanding.url) as viewer:
        page = viewer.page
        page.goto("/log")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        viewer.open("/log")
        page.context.clear_cookies()
        commanding.restart()
        expect(page.get_by_label("Token")).to_be_visible()


@pytest.mark.long
def test_command_of_another_site_or_without_the_login_is_rejected(
    commanding: WebPage, subarray: Subarray
) -> None:
    subarray.command("On")
    answer = log_in(commanding.endpoint, TOKEN)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    origin = {"Origin": f"http://{commanding.endpoint}"}
    body = '{"command": "Off", "argument": null}'

    def send(headers: dict[str, str]) -> int:
        kind = {"Content-Type": "application/json"}
        path = "/subarrays/01/commands"
        found = request(
            commanding.endpoint, path, method="POST", headers={**kind, **headers}, body=body
        )
        return found.status

    assert send(origin) == 401
    assert send({**origin, "Cookie": cookie[:-1] + "x"}) == 401
    assert send({"Origin": "http://elsewhere.example", "Cookie": cookie}) == 403
    assert send({"Cookie": cookie}) == 403
    assert subarray.obs_state == "EMPTY"
    assert send({**origin, "Cookie": cookie}) == 200
    wait_until(lambda: subarray.proxy.state() == tango.DevState.OFF)
