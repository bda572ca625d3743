"""Commands from the web page to real devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_lmc.messages.examples import example
from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.web import WebPage
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
