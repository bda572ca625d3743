"""Links to the page on other sites, as in a mail, lead to the linked view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.web import WebPage
from tests.web.browser.viewer import Viewer
from tests.web.conftest import TOKEN, settings_of

pytestmark = pytest.mark.long

VIEW = "/pbs?q=a%20b"
SITE = "http://mail.example/"


@pytest.fixture(scope="module")
def guarded(
    etcd: Etcd, token_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebPage]:
    """Server whose viewers log in."""
    place = tmp_path_factory.mktemp("guarded")
    options = ["--token-file", str(token_file)]
    with WebPage(place, settings_of(etcd), options=options) as server:
        yield server


def test_link_on_another_site_needs_one_login_and_leads_to_its_view(
    browser: Browser, guarded: WebPage
) -> None:
    address = guarded.url.rstrip("/") + VIEW

    def answer(route: Route) -> None:
        route.fulfill(body=f'<a href="{address}">View</a>', content_type="text/html")

    with Viewer(browser) as viewer:
        page = viewer.page
        page.route(f"{SITE}**", answer)
        page.goto(SITE)
        page.get_by_text("View").click()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(address)
        # The browser does not send the cookie with a link of another site.
        page.goto(SITE)
        page.get_by_text("View").click()
        expect(page).to_have_url(address)
