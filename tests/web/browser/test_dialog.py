"""Dialog of a command: the obsState that it shows, in a page without a server."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

SHOW_CARDS = """async ([cards]) => {
    const { commands, setCards } = await import("/commands.js");
    const { update } = await import("/dom.js");
    const hello = { commands_allowed: true };
    update(document.querySelector("main"), cards.map(each => commands(each, hello)));
    setCards(cards);
}"""


def card(obs_state: str, *allowed: str) -> dict[str, Any]:
    commands = [{"command": each, "argument": False} for each in allowed]
    return {"id": "01", "obs_state": obs_state, "faults": [], "allowed": commands}


def show(page: Page, *cards: dict[str, Any]) -> None:
    """Draw the commands of cards, as a view does."""
    page.evaluate(SHOW_CARDS, [list(cards)])


@pytest.mark.parametrize(
    ("cards", "text"),
    [
        ([card("SCANNING", "EndScan")], "Its obsState is SCANNING, in which Scan is not allowed."),
        ([], "The page does not show its obsState now."),
    ],
)
def test_dialog_that_comes_back_shows_the_present_obs_state(
    module_page: Page, cards: list[dict[str, Any]], text: str
) -> None:
    held: list[Route] = []
    module_page.route("**/commands", lambda route: held.append(route))
    show(module_page, card("READY", "Scan"))
    module_page.get_by_role("button", name="Scan").click()
    dialog = module_page.get_by_role("dialog", name="Send Scan to subarray 01?")
    expect(dialog).to_contain_text("Its obsState is READY.")
    with module_page.expect_request("**/commands"):
        dialog.get_by_role("button", name="Send Scan").click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    show(module_page, *cards)
    held.pop().fulfill(status=504, body='{"error": "It is unknown."}')
    expect(dialog).to_contain_text("It is unknown.")
    expect(dialog).to_contain_text(text)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    module_page.unroute("**/commands")


def test_dialog_below_another_one_shows_the_present_obs_state(module_page: Page) -> None:
    held: list[Route] = []
    module_page.route("**/commands", lambda route: held.append(route))
    show(module_page, card("READY", "Scan", "End"))
    module_page.get_by_role("button", name="Scan").click()
    scan = module_page.get_by_role("dialog", name="Send Scan to subarray 01?")
    with module_page.expect_request("**/commands"):
        scan.get_by_role("button", name="Send Scan").click()
    scan.get_by_role("button", name="Close").click()
    expect(scan).to_have_count(0)
    module_page.get_by_role("button", name="End").click()
    end = module_page.locator("dialog", has_text="Send End to subarray 01?")
    expect(end).to_be_visible()
    held.pop().fulfill(status=504, body='{"error": "It is unknown."}')
    scan = module_page.locator("dialog", has_text="Send Scan to subarray 01?")
    expect(scan).to_contain_text("It is unknown.")
    scan.get_by_role("button", name="Close").click()
    expect(scan).to_have_count(0)
    show(module_page, card("SCANNING", "EndScan"))
    expect(end).to_contain_text("Its obsState is SCANNING, in which End is not allowed.")
    end.get_by_role("button", name="Cancel").click()
    expect(end).to_have_count(0)
    module_page.unroute("**/commands")
