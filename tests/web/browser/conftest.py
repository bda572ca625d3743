"""Chromium, one process for all tests of a worker, and a page that imports the scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.browser.viewer import Viewer

STATIC = Path(__file__).parents[3] / "src" / "ska_sdp_web" / "static"
CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A running Chromium without pages.

    It ends with the tests of this directory: others run event loops of their own, which Playwright
    prevents.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: .ci/packages installs chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def module_page(browser: Browser) -> Iterator[Page]:
    """An empty page that can import the modules."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=STATIC)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Viewer(browser) as viewer:
            viewer.page.goto(f"http://127.0.0.1:{server.server_port}/login.html")
            yield viewer.page
        server.shutdown()
