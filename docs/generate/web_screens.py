"""Pictures of the web page, on a local stack during an observation whose script fails.

``make web-screens`` writes them to ``docs/static/web``; it requires Chromium.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, NamedTuple

import tango
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from ska_sdp_config import Config
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_sim.demo.content import Content, configure, scan
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.web import WebPage

__all__ = ["DIRECTORY", "SHOTS", "Shot"]

DIRECTORY = Path(__file__).parents[1] / "static" / "web"
CHROMIUM = Path("/usr/bin/chromium")

TIMEOUT_MS = 60_000
SETTLING_MS = 1500
"""Time in which the past of a timeline comes, which the page shows later than the rest."""

COLORS = 200
"""Number of colours of a picture: enough for flat areas and text, at a third of the size."""

WIDE, PHONE = (1280, 860), (390, 844)
TOKEN = "the-token-of-the-pictures"


class Shot(NamedTuple):
    """A picture.

    Attributes:
        name: name of its file, without suffix.
        address: address of the page; ``{pb}`` is replaced by the failed block.
        theme: theme of the page.
        size: width and height in px.
        button: command whose button to press first, empty for none.
        part: CSS selector of the part to show, empty for the window.
    """

    name: str
    address: str
    theme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = WIDE
    button: str = ""
    part: str = ""


SHOTS = (
    Shot("overview", "/", size=(1280, 960)),
    Shot("overview-phone", "/", "dark", PHONE),
    Shot("subarray", "/subarrays/01?channel=4321", size=(1280, 1240)),
    Shot("graph", "/subarrays/01", part="section:has(.block-graph)"),
    Shot("subarray-dark", "/subarrays/01", "dark", (1280, 860)),
    Shot("subarray-phone", "/subarrays/01", "light", PHONE),
    Shot("table", "/pbs", size=(1280, 620)),
    Shot("object", "/pbs/{pb}", size=(1280, 1000)),
    Shot("log", "/log", "dark", (1280, 620)),
    Shot("command", "/subarrays/02", size=(1280, 760), button="AssignResources"),
)


class _Scene(NamedTuple):
    """A stack with a subarray in FAULT, and a server of the page that also sends commands."""

    stack: LocalStack
    commanding: WebPage
    pb_id: str


def main() -> None:
    """Write all pictures, and that of a page whose database is away."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with _scene() as scene, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        for shot in SHOTS:
            with _opened(browser, scene, shot) as page:
                _save(page.locator(shot.part) if shot.part else page, shot.name)
        away = Shot("away", "/subarrays/01", size=(1280, 620))
        with _opened(browser, scene, away) as page:
            scene.stack.etcd.kill()
            page.wait_for_selector(".banner")
            _save(page, away.name)
            scene.stack.etcd.start()
        browser.close()


@contextmanager
def _scene() -> Iterator[_Scene]:
    with tempfile.TemporaryDirectory() as text:
        directory = Path(text)
        token_file = directory / "token"
        token_file.touch(0o600)
        token_file.write_text(TOKEN)
        place = directory / "commanding"
        place.mkdir()
        options = ["--allow-commands", "--token-file", str(token_file)]
        with (
            LocalStack(directory, Layout(subarrays=2, web=True)) as stack,
            WebPage(place, stack.environment, options=options) as commanding,
            Config(host=stack.etcd.host, port=stack.etcd.port) as config,
        ):
            define_scripts(config)
            pb_id = _observe(stack).pb_ids("realtime")[0]
            _fail(config, pb_id)
            yield _Scene(stack, commanding, pb_id)


def _observe(stack: LocalStack) -> Content:
    """Start a scan of subarray 01, as the telescope manager does."""
    content = Content.new()
    for block in content.message["processing_blocks"]:
        block["parameters"]["duration"] = 3600
    devices = [
        tango.DeviceProxy(f"tango://{stack.tango_db.tango_host}/test-sdp/subarray/{number}")
        for number in ("01", "02")
    ]
    for device in devices:
        device.command_inout("On")
    device, _ = devices
    device.command_inout("AssignResources", json.dumps(content.message))
    _wait(device, "IDLE")
    device.command_inout("Configure", configure(content.scan_types[0]))
    _wait(device, "READY")
    device.command_inout("Scan", scan(1))
    _wait(device, "SCANNING")
    return content


def _wait(device: Any, obs_state: str) -> None:
    """Wait until the device has an obsState."""
    end = time.monotonic() + TIMEOUT_MS / 1000
    while device.obsState.name != obs_state:
        if time.monotonic() > end:
            raise TimeoutError(f"{device.dev_name()} is {device.obsState.name}, not {obs_state}")
        time.sleep(0.1)


def _fail(config: Config, pb_id: str) -> None:
    now = last_updated(datetime.now(timezone.utc))
    failed = {"status": "FAILED", "reason": "no disk is left", "last_updated": now}
    for txn in config.txn():
        state = txn.get_processing_block_state(pb_id) or {}
        txn.update_processing_block_state(pb_id, {**state, **failed})


@contextmanager
def _opened(browser: Browser, scene: _Scene, shot: Shot) -> Iterator[Page]:
    """Open the page of a picture; log in if it has buttons."""
    web = scene.commanding if shot.button else scene.stack.web
    assert web is not None
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.theme, base_url=web.url
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    if shot.button:
        page.goto("/login")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_selector("h1:has-text('Overview')")
    page.goto(shot.address.format(pb=scene.pb_id), wait_until="commit")
    page.wait_for_selector("main h1")
    page.wait_for_timeout(SETTLING_MS)
    if shot.button:
        page.get_by_role("button", name=shot.button).click()
        page.wait_for_selector("dialog")
    yield page
    context.close()


def _save(page: Page | Locator, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot()))
    flat = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    flat.save(DIRECTORY / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
