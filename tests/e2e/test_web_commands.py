"""Commands from the web page to real devices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_lmc.messages.examples import example
from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.web import WebPage
from ska_sdp_web import commands
from ska_sdp_web.commands import Busy, CommandFailed, OutcomeUnknown, TangoSender
from tests.web.client import Answer, cookie_of, log_in, origin_of, request
from tests.web.event_stream import EventStream

TOKEN = "a-token-of-the-test"


@pytest.fixture(scope="module")
def page(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    place = tmp_path_factory.mktemp("web")
    token = place / "token"
    token.touch(0o600)
    token.write_text(TOKEN)
    options = ["--allow-commands", "--token-file", str(token)]
    with WebPage(place, stack.environment, stack.layout.prefix, options=options) as server:
        yield server


@pytest.fixture(scope="module")
def cookie(page: WebPage) -> dict[str, str]:
    return cookie_of(log_in(page.endpoint, TOKEN))


def send(
    page: WebPage, cookie: dict[str, str], command: str, argument: str | None = None
) -> Answer:
    return request(
        page.endpoint,
        "/subarrays/02/commands",
        method="POST",
        headers={**cookie, **origin_of(page.endpoint)},
        body=json.dumps({"command": command, "argument": argument}),
    )


def allowed(document: dict[str, Any]) -> dict[str, Any]:
    return {each["command"]: each for each in document["card"]["allowed"]}


def test_commands_reach_the_device_and_rejections_have_its_words(
    page: WebPage, cookie: dict[str, str]
) -> None:
    with EventStream(page.endpoint, "subarray/02", headers=cookie) as stream:
        found = stream.document("subarray/02")
        if found["card"]["state"] == "ON":
            assert send(page, cookie, "Off").status == 200
            found = stream.document("subarray/02", lambda each: each["card"]["state"] == "OFF")
        assert list(allowed(found)) == ["On"]
        answer = send(page, cookie, "Scan", '{"scan_id": 1}')
        assert answer.status == 409
        text = json.loads(answer.text)["error"]
        assert text == "Command Scan not allowed when device state is OFF; allowed in ON"
        answer = send(page, cookie, "On")
        assert (answer.status, json.loads(answer.text)) == (200, {"result": ""})
        found = stream.document("subarray/02", lambda each: each["card"]["state"] == "ON")
        assert list(allowed(found)) == ["Off", "AssignResources"]
        assign = allowed(found)["AssignResources"]
        assert assign == {
            "command": "AssignResources",
            "argument": "json",
            "example": example("assignres-1.0"),
        }
        answer = send(page, cookie, "AssignResources", "{}")
        assert answer.status == 409
        assert json.loads(answer.text)["error"]
        answer = send(page, cookie, "Abort")
        text = json.loads(answer.text)["error"]
        assert text.startswith("Command Abort not allowed when obsState is EMPTY; allowed in ")
        assert send(page, cookie, "Off").status == 200
        found = stream.document("subarray/02", lambda each: each["card"]["state"] == "OFF")
        commands = [
            each["text"] for each in found["timeline"]["items"] if each["kind"] == "command"
        ]
        assert commands[-2:] == ["On", "Off"]


@pytest.fixture
def silent(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[TangoSender]:
    """Sender to devices that receive a command, and do not finish it within its timeout."""
    monkeypatch.setattr(commands, "TIMEOUT_MS", 1000)
    sender = TangoSender(f"tango://{stack.tango_db.tango_host}/{stack.layout.prefix}")
    asyncio.run(_make_on(sender))
    stack.etcd.pause()
    yield sender
    stack.etcd.resume()


async def _make_on(sender: TangoSender) -> None:
    # Rejected if it is ON.
    with suppress(CommandFailed):
        await sender.send("02", "On", None)


def test_outcome_without_a_response_is_unknown(silent: TangoSender) -> None:
    with pytest.raises(OutcomeUnknown, match="It is unknown whether Off was executed"):
        asyncio.run(silent.send("02", "Off", None))


def test_database_that_is_away_is_an_error_before_the_command() -> None:
    sender = TangoSender("tango://127.0.0.1:1/test")
    with pytest.raises(CommandFailed, match=r"The command was not sent: .*port 1"):
        asyncio.run(sender.send("02", "On", None))


def test_same_command_is_not_sent_twice_at_a_time(silent: TangoSender) -> None:
    async def twice() -> list[BaseException | str]:
        calls = [silent.send("02", "Off", None) for _ in range(2)]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = asyncio.run(twice())
    assert [type(each) for each in results] == [OutcomeUnknown, Busy]


def test_device_that_does_not_run_is_an_error(
    page: WebPage, cookie: dict[str, str], stack: LocalStack, tmp_path: Path
) -> None:
    server = next(each for each in stack.servers if each.name.endswith("/02"))
    server.stop()
    try:
        answer = send(page, cookie, "On")
        assert answer.status == 409
        assert json.loads(answer.text)["error"]
    finally:
        server.start()
