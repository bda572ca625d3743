"""Dialog of a command: the obsState that it shows, in a page without a server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

SHOW_CARDS = """async ([cards]) => {
    const { commands, setCards } = await import("/commands.js");
    const { update } = await import("/dom.js");
    const hello = { commands_allowed: true };
    update(document.querySelector("main"), cards.map(each => commands(each, hello)));
    setCards(cards);
}"""


WITH_ARGUMENT = ("AssignResources", "Configure")


def card(obs_state: str, *allowed: str) -> dict[str, Any]:
    commands = [{"command": each, "argument": each in WITH_ARGUMENT} for each in allowed]
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


def open_above(page: Page, below: str, above: str) -> tuple[Locator, Locator]:
    """Open the dialog of a command, which that of another one that was sent then covers."""
    held: list[Route] = []
    page.route("**/commands", lambda route: held.append(route))
    page.get_by_role("button", name=above).click()
    upper = page.get_by_role("dialog", name=f"Send {above} to subarray 01?")
    with page.expect_request("**/commands"):
        upper.get_by_role("button", name=f"Send {above}").click()
    upper.get_by_role("button", name="Close").click()
    expect(upper).to_have_count(0)
    page.get_by_role("button", name=below).click()
    lower = page.locator("dialog", has_text=f"Send {below} to subarray 01?")
    expect(lower).to_be_visible()
    held.pop().fulfill(status=504, body='{"error": "It is unknown."}')
    expect(upper).to_contain_text("It is unknown.")
    page.unroute("**/commands")
    return lower, upper


def test_dialog_below_another_one_shows_the_present_obs_state(module_page: Page) -> None:
    show(module_page, card("READY", "Scan", "End"))
    end, scan = open_above(module_page, "End", "Scan")
    scan.get_by_role("button", name="Close").click()
    expect(scan).to_have_count(0)
    show(module_page, card("SCANNING", "EndScan"))
    expect(end).to_contain_text("Its obsState is SCANNING, in which End is not allowed.")
    end.get_by_role("button", name="Cancel").click()
    expect(end).to_have_count(0)


def test_dialog_above_another_one_has_its_own_name_and_label(module_page: Page) -> None:
    show(module_page, card("IDLE", "AssignResources", "Configure"))
    lower, upper = open_above(module_page, "AssignResources", "Configure")
    ids = module_page.locator("dialog [id]").evaluate_all("found => found.map(each => each.id)")
    assert len(ids) == len(set(ids)) == 4
    upper.get_by_label("Argument, JSON").fill("{}")
    for dialog in (upper, lower):
        dialog.get_by_role("button", name=re.compile("Close|Cancel")).click()
        expect(dialog).to_have_count(0)
