"""Watcher loops on threads, while others write and the network fails."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.config import Config
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.etcd import crash, revive
from tests.services.versions import EtcdOf, size_for
from tests.support.logs import EtcdLog, MemoryLog
from tests.support.proxy import Proxy
from tests.support.recorded import Body
from tests.support.serializability import Event, Record, misread
from tests.support.size import sized
from tests.support.waiting import wait_until

from .concurrency import amid, amid_faults, in_threads, short_watch_backoff
from .databases import MemoryUnderTest
from .work import PATHS, Work

__all__ = ["short_watch_backoff"]

MIN_ITERATIONS = 10
"""Iterations of each watcher that make the result meaningful."""

FAULT_INTERVAL_S = 0.3
"""Time between two faults, in which the watches resume and a transaction of the writer ends."""

FEW_CUTS = 12
MANY_CUTS = 90
"""Connections cut meanwhile. Of four faults, two cut, one compacts and, at full size, one restarts
the server."""

FEW_ROUNDS_IN_MEMORY = 100
MANY_ROUNDS_IN_MEMORY = 1_200
"""Rounds of writes in memory, with a compaction every 5 ms."""

TRANSACTIONS_PER_ROUND = 20
MAX_ROUNDS = 20_000
"""Rounds after which writing stops although the watchers or the faults have not finished."""

FOCI = ["values", "keys", "some", "one"]


def look(body: Body) -> None:
    """Read what ``/focus`` names, which others change at intervals."""
    focus = body.read("/focus")
    if focus == "values":
        body.list_values("/data/")
    elif focus == "keys":
        body.list("/data/")
        body.list("/data/a/")
    elif focus == "some":
        body.read_many(PATHS)
    else:
        body.read(PATHS[0])


class Follower:
    """Watcher loop on a thread, with all its views."""

    def __init__(self, config: Config) -> None:
        self._watcher = config.watcher()
        self._stop = False
        self.views: list[Record] = []
        self._thread = threading.Thread(target=self._run, name="follower")
        self._thread.start()

    def _run(self) -> None:
        for watcher in self._watcher:
            if self._stop:
                break
            view = Record(f"iteration {len(self.views)}", time.monotonic())
            for txn in watcher.txn():
                look(Body(txn.raw, view, ""))
            view.revision = txn.revision
            self.views.append(view)

    def sees(self, state: dict[str, str]) -> bool:
        """Return whether its last view equals the state."""
        if not self.views:
            return False
        view = self.views[-1]
        return all(state.get(path) == value for path, value in view.values.items()) and all(
            paths == sorted(path for path in state if path in listing)
            for listing, paths in view.lists.items()
        )

    def stop(self) -> None:
        self._stop = True
        self._watcher.trigger()
        self._thread.join(30)
        assert not self._thread.is_alive()


def judge(followers: list[Follower], events: list[Event]) -> None:
    """Check that each view is of one revision, and that revisions do not decrease."""
    by_revision: defaultdict[int, dict[str, str | None]] = defaultdict(dict)
    for event in events:
        by_revision[event.revision][event.path] = event.value
    for follower in followers:
        revisions = [view.revision for view in follower.views]
        assert revisions == sorted(revisions), "a view is older than the one before"
        assert list(misread(follower.views, by_revision)) == []
        assert len(follower.views) > MIN_ITERATIONS, "too few iterations"


def all_see(followers: list[Follower], events: list[Event]) -> None:
    """Wait until the last view of each is the final state."""
    newest = {event.path: event.value for event in events}
    state = {path: value for path, value in newest.items() if value is not None}
    wait_until(lambda: all(follower.sees(state) for follower in followers), 30, "the last view")


@contextmanager
def followed(config: Config) -> Iterator[list[Follower]]:
    followers = [Follower(config) for _ in range(2)]
    try:
        yield followers
    finally:
        for follower in followers:
            follower.stop()


def write(
    other: Config, followers: list[Follower], enough: Callable[[], bool], min_rounds: int = 0
) -> None:
    """Change the focus and the data until ``enough`` is true and all followers have iterated.

    Stops after MAX_ROUNDS.
    """
    work = Work(other.backend, "writer", 7)
    for number in range(MAX_ROUNDS):
        have_iterated = all(len(each.views) > MIN_ITERATIONS for each in followers)
        if number >= min_rounds and have_iterated and enough():
            break
        for txn in other.txn():
            txn.delete("/focus", must_exist=False)
            txn.create("/focus", FOCI[number % len(FOCI)])
        work.run(TRANSACTIONS_PER_ROUND)
    # A commit with unknown outcome is not a failure.
    assert all(record.outcome != "failed" for record in work.records)


def follow_on_etcd(server: Etcd, cuts: int, restart: Callable[[], None]) -> None:
    """Write until so many connections of the watchers were cut."""
    with (
        EtcdLog(server.endpoint, partial(revive, server)) as log,
        Proxy(server.host, server.port) as proxy,
        Config(Etcd3Backend(host=proxy.host, port=proxy.port)) as config,
        Config(Etcd3Backend(host=server.host, port=server.port)) as other,
        followed(config) as followers,
    ):
        faults: list[Callable[[], object]] = [
            proxy.cut,
            log.compact,
            lambda: proxy.cut("answers lost"),
            restart,
        ]
        work = partial(write, other, followers, lambda: proxy.cuts >= cuts)
        amid_faults(server, faults, FAULT_INTERVAL_S, work)
        assert proxy.cuts >= cuts, "too few connections were cut"
        events = log.finish()
        all_see(followers, events)
        judge(followers, events)


def follow_in_memory(rounds: int) -> None:
    database, log = MemoryUnderTest(), MemoryLog()
    database.connect().store.watch(EVERYTHING, 1, log)
    with Config(database.connect()) as config, followed(config) as followers:
        other = Config(database.connect())
        work = partial(write, other, followers, lambda: True, rounds)
        amid(database.compact, 0.005, lambda: in_threads(work))
        all_see(followers, log.events)
    database.disconnect()
    judge(followers, log.events)


def test_views_in_memory_are_consistent() -> None:
    follow_in_memory(FEW_ROUNDS_IN_MEMORY)


@pytest.mark.long
def test_views_on_etcd_are_consistent(etcd_server: Callable[..., Etcd]) -> None:
    follow_on_etcd(etcd_server(), FEW_CUTS, lambda: None)


@pytest.mark.long
def test_many_views_in_memory_are_consistent() -> None:
    follow_in_memory(sized(MANY_ROUNDS_IN_MEMORY))


@pytest.mark.long
@pytest.mark.usefixtures("short_watch_backoff")
def test_many_views_on_etcd_are_consistent(server: EtcdOf) -> None:
    follow_on_etcd(server, size_for(server, MANY_CUTS), lambda: crash(server))
