"""A viewer of the web page: a browser window, and the faults that its console shows."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

WIDE = (1280, 800)
PHONE = (390, 844)

TIMEOUT_MS = 60_000
"""Timeout of each expectation in ms: longer than any pause of a busy machine."""

_AWAY = re.compile(r"Failed to load resource|net::ERR")
"""Message of the browser about a server that is away or rejects a request."""

expect.set_options(timeout=TIMEOUT_MS)


class Viewer:
    """A window with a theme and a size.

    Attributes:
        page: Playwright's page.
        errors: errors and violations of the security policy that its console has shown.
    """

    def __init__(
        self,
        browser: Browser,
        *,
        theme: str = "light",
        size: tuple[int, int] = WIDE,
        base: str | None = None,
    ) -> None:
        width, height = size
        self._context = browser.new_context(
            color_scheme=theme,  # type: ignore[arg-type]
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            base_url=base,
        )
        self._context.set_default_timeout(TIMEOUT_MS)
        self._context.set_default_navigation_timeout(TIMEOUT_MS)
        self.page: Page = self._context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._context.close()
        if kind is None:
            assert not self.errors

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _AWAY.search(message.text):
            self.errors.append(message.text)

    def open(self, address: str) -> Page:
        """Open an address and wait until its view is drawn."""
        self.page.goto(address, wait_until="commit")
        expect(self.page.locator("h1")).to_be_visible()
        return self.page

    @property
    def is_too_wide(self) -> bool:
        """Whether the page scrolls horizontally."""
        found: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return found

    def violations(self) -> list[str]:
        """Return the violations that axe finds on the page as it is."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]
