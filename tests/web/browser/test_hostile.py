"""Markup, and names that JavaScript knows, in IDs and values of the database show as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.support.fault_scene import EB, FAILED, fault_scene
from tests.web.browser.server import Scene, running_scene
from tests.web.browser.viewer import Viewer

MARKUP = "\u202e\u009b<evil-tag><img src=x onerror=window.hit=1><script>window.hit=1</script>\"'&"
IN_A_KEY = "<evil-tag onclick=window.hit=1>&lt;\"'%41#?x=1"
"""Like ``MARKUP``, without slashes, which separate the parts of a path."""

NAMES = ("__proto__", "constructor", "toString")

WITHOUT_ADDRESS = ("..", "a/b", "\ud800")
"""IDs that a browser or the server takes for something else."""


def everywhere(value: Any) -> Any:
    """Return a document with markup after each text; the IDs of the scene stay."""
    if isinstance(value, dict):
        return {key: everywhere(part) for key, part in value.items()}
    if isinstance(value, list):
        return [everywhere(part) for part in value]
    return value + MARKUP if isinstance(value, str) else value


def hostile_scene() -> dict[str, Any]:
    scene = fault_scene()
    scene["/lmc/subarray/01"] |= {
        "transaction_id": MARKUP,
        "last_command": MARKUP,
        "resources": {MARKUP: [MARKUP]},
        "errors": {MARKUP: MARKUP},
        "scan_type": MARKUP,
    }
    scene["/lmc/controller"] |= {"transaction_id": MARKUP, "last_command": MARKUP}
    scene[f"/eb/{EB}"] |= {
        "pb_receive_addresses": FAILED,
        "current_scan_type": MARKUP,
        "pb_batch": [IN_A_KEY, *NAMES],
    }
    scene[f"/pb/{FAILED}/state"] |= {
        "reason": MARKUP,
        "error_messages": {MARKUP: MARKUP},
        "receive_addresses": {
            MARKUP: {MARKUP: {"function": MARKUP, "host": [[0, MARKUP]], "port": [[0, 1, 1]]}}
        },
    }
    scene[f"/component/{IN_A_KEY}/owner"] = {"pid": 1, "hostname": MARKUP}
    for number, eb_id in enumerate(WITHOUT_ADDRESS):
        scene[f"/pb/pb-of-{number}"] = {"pb_id": f"pb-of-{number}", "eb_id": eb_id}
    for key in (IN_A_KEY, *NAMES):
        scene[f"/pb/{key}"] = everywhere({"pb_id": key, "eb_id": EB, "script": {"kind": "batch"}})
        scene[f"/pb/{key}/state"] = {"status": key, "reason": MARKUP}
        scene[f"/pb/{key}/owner"] = {"hostname": MARKUP, "command": [MARKUP]}
        scene[f"/deploy/{key}"] = {"kind": MARKUP, "args": {"chart": MARKUP}}
        scene[f"/deploy/{key}/state"] = {"num_pod": 1, "pods": {MARKUP: MARKUP}}
        scene[f"/flow/{key}:{key}:{key}"] = {"data_model": MARKUP, "sink": MARKUP}
        scene[f"/flow/{key}:{key}:{key}/state"] = {"status": MARKUP}
        scene[f"/eb/{key}"] = {"eb_id": key, "status": MARKUP, "pb_realtime": [IN_A_KEY]}
    return scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("web"), hostile_scene()) as scene:
        yield scene


def check(viewer: Viewer) -> None:
    assert viewer.page.locator("main evil-tag, main img, main script").count() == 0
    assert viewer.page.evaluate("window.hit") is None
    shown = viewer.page.locator("main").inner_text()
    assert not {"\u202e", "\u009b"}.intersection(shown)
    assert not viewer.is_too_wide
    assert viewer.errors == []


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/subarrays/01",
        *(pytest.param(f"/{kind}", marks=pytest.mark.long) for kind in ("deployments", "flows")),
    ],
)
def test_markup_is_text(browser: Browser, scene: Scene, address: str) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open(address)
        expect(page.locator("main")).to_contain_text("<evil-tag")
        expect(page.locator("main")).to_contain_text(r"\u202e\u009b")
        for details in page.locator("summary").all():
            details.click()
        check(viewer)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["pbs", "deployments", "flows", "ebs"])
def test_things_with_any_id_have_an_address(browser: Browser, scene: Scene, kind: str) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        for name in (IN_A_KEY, *NAMES):
            key = f"{name}:{name}:{name}" if kind == "flows" else name
            page = viewer.open(f"/{kind}/{quote(key, safe='')}")
            expect(page.locator("h1")).to_contain_text(key)
            expect(page.get_by_role("region", name="Summary")).to_be_visible()
            check(viewer)


def test_rows_with_any_id_are_listed_and_change(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/pbs")
        for name in (IN_A_KEY, *NAMES):
            row = page.locator("tr", has=page.get_by_role("link", name=name, exact=True))
            expect(row).to_have_count(1)
            scene.write(f"/pb/{name}/state", {"status": "RUNNING", "reason": MARKUP})
            expect(row).to_contain_text("● RUNNING")
        check(viewer)
        page.get_by_role("link", name=IN_A_KEY, exact=True).click()
        expect(page.locator("h1")).to_contain_text(f"PB {IN_A_KEY}")
        check(viewer)


def test_ids_that_can_have_no_address_are_shown_without_a_link(
    browser: Browser, scene: Scene
) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/pbs")
        for number, _ in enumerate(WITHOUT_ADDRESS):
            row = page.locator("tr", has=page.get_by_role("link", name=f"pb-of-{number}"))
            expect(row.get_by_role("link")).to_have_count(1)
        check(viewer)


def test_log_shows_markup_as_text(browser: Browser, scene: Scene) -> None:
    with Viewer(browser, base=scene.url) as viewer:
        page = viewer.open("/log")
        scene.write(f"/pb/{IN_A_KEY}/state", {"status": MARKUP, "n": json.dumps(MARKUP)})
        expect(page.locator("main")).to_contain_text("<evil-tag><img")
        check(viewer)
