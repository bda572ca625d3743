"""Failures of commands: whether a command was executed is reported only if it is known."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_web import commands
from ska_sdp_web.commands import CommandFailed, OutcomeUnknown, TangoSender
from tests.support.waiting import CALL
from tests.web.failing_device import FailingServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FailingServer]:
    with FailingServer(tmp_path) as running:
        yield running
        # Scan does not end.
        running.kill()


def send(server: FailingServer, command: str, argument: str | None = None) -> str:
    sender = TangoSender(f"tango://127.0.0.1:{server.port}/test")
    call = sender.send("01#dbase=no", command, argument)
    return asyncio.run(asyncio.wait_for(call, CALL))


def test_only_a_lost_response_leaves_the_outcome_unknown(
    server: FailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(server, "On") == ""
    with pytest.raises(CommandFailed, match=r"^Off is not allowed$"):
        send(server, "Off")
    monkeypatch.setattr(commands, "TIMEOUT_MS", 100)
    with pytest.raises(OutcomeUnknown, match=r"whether Scan was executed.*imeout \(100 mS\)"):
        send(server, "Scan", "{}")


def test_connection_lost_during_a_command_leaves_its_outcome_unknown(
    server: FailingServer,
) -> None:
    with pytest.raises(OutcomeUnknown, match="whether Abort was executed"):
        send(server, "Abort")
    with pytest.raises(CommandFailed, match=r"^The command was not sent: Failed to connect"):
        send(server, "Off")


def test_unexpected_error_leaves_the_outcome_unknown_and_the_command_free(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> str:
        raise LookupError("raised by the test")

    monkeypatch.setattr(commands, "_send", fail)
    sender = TangoSender("test")

    async def send_twice() -> None:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown, match=r"whether On was executed: see the server's"):
                await asyncio.wait_for(sender.send("01", "On", None), CALL)

    asyncio.run(send_twice())
    assert caplog.messages == ["Sending On to test-sdp/subarray/01 failed."] * 2
    assert "raised by the test" in caplog.text


def test_command_without_a_thread_is_not_sent_and_stays_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    sender = TangoSender("test")
    for _ in range(2):
        with pytest.raises(CommandFailed, match=r"was not sent: can't start new thread"):
            asyncio.run(sender.send("01", "On", None))


def test_command_is_not_sent_again_after_its_connection_is_cut(server: FailingServer) -> None:
    with pytest.raises(OutcomeUnknown, match="whether EndScan was executed"):
        send(server, "EndScan")
    # The first call is the only one: the device answers the second.
    assert send(server, "EndScan") == ""
