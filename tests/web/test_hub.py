"""Thread that derives: errors, and the state of the connection that viewers see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.live.live import Live
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_web import connection
from ska_sdp_web import hub as module
from ska_sdp_web.app import make_app
from ska_sdp_web.hub import Hub
from ska_sdp_web.model import Model
from ska_sdp_web.settings import Settings
from ska_sdp_web.streams import Stream
from ska_sdp_web.topics import Topic
from tests.support.waiting import CALL
from tests.web.conftest import TOKEN


async def wait_for(holds: Callable[[], bool]) -> None:
    async def poll() -> None:
        while not holds():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), CALL)


class NoSender:
    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        raise AssertionError("a command was sent")


async def readyz(hub: Hub, token: str | None) -> tuple[int, str]:
    """Return the status and the text of a probe, which has no cookie."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/readyz",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await make_app(hub, Settings(token=token), NoSender(), "1")(scope, receive, send)
    start, *parts = sent
    return start["status"], b"".join(part["body"] for part in parts).decode()


def run(scene: Callable[[Hub, MemoryBackend], Any]) -> None:
    """Run a scene with a hub on a database in memory."""

    async def within_loop() -> None:
        backend = MemoryBackend(Database())
        with backend:
            hub = Hub(backend, "", {})
            hub.start(asyncio.get_running_loop())
            try:
                await scene(hub, backend)
            finally:
                hub.close()

    asyncio.run(within_loop())


def test_error_in_a_change_is_shown_until_it_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = []

    async def scene(hub: Hub, backend: MemoryBackend) -> None:
        await wait_for(lambda: hub.state.is_current)
        with monkeypatch.context() as patch:

            def fail(*arguments: object) -> None:
                failures.append(arguments)
                raise ValueError("a value of the test")

            patch.setattr(Model, "apply", fail)
            backend.create("/a", "1")
            await wait_for(lambda: hub.state.name == "behind" and len(failures) > 2)
            assert hub.state.error == "a value of the test"
        await wait_for(lambda: hub.state.is_current)

    monkeypatch.setattr(module, "RETRY_S", 0.05)
    run(scene)
    logged = [record for record in caplog.records if record.name == module.__name__]
    assert [bool(record.exc_info) for record in logged] == [True]


def test_failed_watch_is_shown_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(hub: Hub, backend: MemoryBackend) -> None:
        await wait_for(lambda: hub.state.is_current)
        with monkeypatch.context() as patch:

            def fail(*arguments: object) -> None:
                raise ValueError("a value of the test")

            patch.setattr(Live, "_writes", fail)
            backend.create("/a", "1")
            await wait_for(lambda: hub.state.name == "behind")
            assert hub.state.error == "a value of the test"
        await wait_for(lambda: hub.state.is_current)

    run(scene)


def test_error_of_the_watch_is_logged_at_each_change(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, module.__name__)
    read, errors = Live._read, [ConfigConnectionError("it is away"), ValueError("it is odd")]
    left = [each for each in errors for _ in range(3)]

    def fail_first(live: Live) -> Any:
        if left:
            raise left.pop(0)
        return read(live)

    async def scene(hub: Hub, backend: MemoryBackend) -> None:
        await wait_for(lambda: hub.state.is_current)

    monkeypatch.setattr(Live, "_read", fail_first)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "CHECK_INTERVAL_S", 0.01)
    monkeypatch.setattr(module, "LOG_INTERVAL_S", 0.0)
    run(scene)
    logged = [record for record in caplog.records if record.name == module.__name__]
    begin, bug = (
        "The changes of the database are ",
        "Unexpected error in the database watch",
    )
    assert [(record.levelname, record.getMessage()) for record in logged] == [
        ("WARNING", f"{begin}not shown, restarting the watch: it is away"),
        ("ERROR", f"{bug}, restarting the watch; report this error: it is odd"),
        ("INFO", f"{begin}shown again."),
    ]
    assert [bool(record.exc_info) for record in logged] == [False, True, False]


@pytest.mark.parametrize("between", [None, ValueError("it is odd")])
def test_flapping_error_of_the_watch_is_logged_once(
    caplog: pytest.LogCaptureFixture, between: Exception | None
) -> None:
    caplog.set_level(logging.INFO, module.__name__)
    with MemoryBackend(Database()) as backend:
        hub = Hub(backend, "", {})
        for error in [*[ConfigConnectionError("it is away"), between] * 5, None]:
            hub._set_error(error)
    assert [record.getMessage() for record in caplog.records] == [
        "The changes of the database are not shown, restarting the watch: it is away",
        "The changes of the database are shown again.",
    ]


def test_late_changes_are_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(hub: Hub, backend: MemoryBackend) -> None:
        await wait_for(lambda: hub.state.is_current)
        with monkeypatch.context() as patch:
            patch.setattr(connection, "MAX_DELAY_S", -1.0)
            await wait_for(lambda: hub.state.name == "behind")
            assert "faster than" in (hub.state.error or "")
            assert await readyz(hub, None) == (503, f"{hub.state.error}\n")
            # Without a login, the error is not shown.
            assert await readyz(hub, TOKEN) == (503, "The changes are not shown.\n")
        await wait_for(lambda: hub.state.is_current)

    run(scene)


def test_history_that_fails_is_named_in_the_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(hub: Hub, backend: MemoryBackend) -> None:
        backend.create("/lmc/subarray/01", "{}")
        await wait_for(lambda: hub.has_subarray("01"))
        stream = Stream([Topic("subarray", "01")])
        hub.add(stream, b"")
        text = ""
        while '"state":"failed"' not in text:
            text = (await asyncio.wait_for(stream.take(), CALL)).decode()
        assert '"error":"an error of the test"' in text
        hub.remove(stream)

    def fail(*arguments: object) -> None:
        raise ValueError("an error of the test")

    monkeypatch.setattr(module, "read_past", fail)
    run(scene)
