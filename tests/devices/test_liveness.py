"""Liveness of a process whose threads are stuck or dead."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import Any

import pytest

from ska_sdp_config import ConfigRefused
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_lmc.observability import process
from ska_sdp_lmc.observability.commands_in_progress import CommandsInProgress
from ska_sdp_lmc.observability.process import CODES, Process, Served
from ska_sdp_lmc.runtime import database as database_module
from ska_sdp_lmc.runtime import watch_loop
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.database import Database
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.watch_loop import Reconcile, WatchLoop
from tests.support.waiting import wait_until

NAME = "test-sdp/subarray/01"

IDLE_S = 0.3
"""Seconds in which an iteration that does not wait would have started."""

Serve = Callable[[Reconcile], tuple[Process, CommandsInProgress]]


class NoSink:
    def monitor(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def set_state_and_status(self, state: Any, status: str) -> None:
        pass

    def push(self, name: str, value: Any, when: float) -> None:
        pass


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, _memory: None) -> Iterator[Database]:
    # Shortened from a minute.
    monkeypatch.setattr(process, "STUCK_AFTER", 0.2)
    database = Database()
    yield database
    database.close()


@pytest.fixture
def serve(database: Database) -> Iterator[Serve]:
    """Serve a device with the given reconciliation."""
    with ExitStack() as undo:

        def serve(reconcile: Reconcile) -> tuple[Process, CommandsInProgress]:
            commands = CommandsInProgress()
            loop = WatchLoop(database, "watch", reconcile, contextlib.nullcontext, commands)
            undo.callback(loop.stop)
            publisher = Publisher(NoSink(), (), "here")
            now = datetime.now(timezone.utc)
            served = Served(NAME, now, publisher, database, loop, commands, 0.1)
            this = Process()
            this.begin(served)
            return this, commands

        yield serve


def look(watcher: Watcher[Any]) -> None:
    """Reconcile without a delay."""
    for txn in watcher.txn():
        txn.get("/lmc/subarray/01")


def codes(this: Process) -> list[str]:
    return [reason.code for reason in this.why_not_live()]


def test_working_process_is_live(serve: Serve, database: Database) -> None:
    reconciled = threading.Event()

    def reconcile(watcher: Watcher[Any]) -> None:
        reconciled.set()
        look(watcher)

    this, commands = serve(reconcile)
    assert reconciled.wait(30)
    # The pause between iterations exceeds the limit of one iteration.
    wait_until(lambda: (database.connected_for() or 0) > 0.5)

    def is_alive_with_command() -> bool:
        # A command that has just begun; on a busy machine one may already have lasted too long.
        with commands.running():
            live = codes(this)
        return live == [] and [each.code for each in this.why_not_ready()] == ["device-waits"]

    wait_until(is_alive_with_command)


def test_reconciliation_stalled_by_rejection_is_not_stuck(
    serve: Serve, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, is_full = threading.Event(), threading.Event()

    def check_access(*_: object, timeout: float) -> None:
        if is_full.is_set():
            raise ConfigRefused("The database is full: make room.")

    monkeypatch.setattr(database_module, "CHECK_EVERY", 0.01)
    monkeypatch.setattr(database.config.backend.store, "check_access", check_access)
    database.config.backend.get("/a")
    is_full.set()
    database.add_listener(lambda outage: None, Access(frozenset({"/a"})))
    wait_until(lambda: database.rejection is not None)

    def reconcile(watcher: Watcher[Any]) -> None:
        over.wait(60)

    this, _ = serve(reconcile)
    try:
        wait_until(lambda: [r.code for r in this.why_not_ready()] == ["database", "device-waits"])
        wait_until(lambda: (this.served()[0].watch_loop.iterating_for() or 0) > 1.0)
        assert codes(this) == []
        assert this.why_not_ready()[0].text == "The database is full: make room"
        # The database has accepted writes for longer than the limit, and the iteration still runs.
        is_full.clear()
        wait_until(lambda: codes(this) == ["turn-stuck"])
    finally:
        over.set()


def test_endless_reconciliation_is_stuck(serve: Serve) -> None:
    free = threading.Event()

    def reconcile(watcher: Watcher[Any]) -> None:
        look(watcher)
        free.wait(60)

    this, _ = serve(reconcile)
    try:
        wait_until(lambda: codes(this) == ["turn-stuck"])
        (reason,) = this.why_not_live()
        assert reason.device == NAME
        assert NAME in reason.sentence
        assert "turn-stuck" in [each.code for each in this.why_not_ready()]
    finally:
        free.set()
    wait_until(lambda: codes(this) == [])


def test_endless_command_is_stuck(serve: Serve) -> None:
    this, commands = serve(look)
    with commands.running():
        wait_until(lambda: codes(this) == ["command-stuck"])
    wait_until(lambda: codes(this) == [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_dead_watch_loop_is_reported(serve: Serve) -> None:
    def reconcile(watcher: Watcher[Any]) -> None:
        # An exception that no loop catches.
        raise SystemExit

    this, _ = serve(reconcile)
    wait_until(lambda: codes(this) == ["follower-ended"])


def test_process_without_devices_is_not_ready() -> None:
    this = Process()
    assert this.why_not_live() == []
    (reason,) = this.why_not_ready()
    assert reason.code == "no-device"
    assert "TANGO_HOST" in reason.text
    assert set(CODES) >= {reason.code}


@pytest.fixture
def iterating(serve: Serve) -> tuple[CommandsInProgress, threading.Semaphore]:
    """Commands of a device whose watch loop has iterated once, and a count of its iterations."""
    iterations = threading.Semaphore(0)

    def reconcile(watcher: Watcher[Any]) -> None:
        look(watcher)
        iterations.release()

    _, commands = serve(reconcile)
    assert iterations.acquire(timeout=10)
    return commands, iterations


def test_iteration_waits_for_commands_in_progress(
    iterating: tuple[CommandsInProgress, threading.Semaphore],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_loop, "MAX_WAIT_FOR_COMMANDS_S", 30)
    commands, iterations = iterating
    with commands.running():
        database.config.backend.create("/lmc/subarray/01", "{}")
        assert not iterations.acquire(timeout=IDLE_S)
    assert iterations.acquire(timeout=10)


def test_iteration_starts_during_a_long_command(
    iterating: tuple[CommandsInProgress, threading.Semaphore], database: Database
) -> None:
    commands, iterations = iterating
    with commands.running():
        database.config.backend.create("/lmc/subarray/01", "{}")
        assert iterations.acquire(timeout=10)
