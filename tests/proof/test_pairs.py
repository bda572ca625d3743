"""Watchers see both writes of a commit together, and the writes of their own process."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.config import Config
from ska_sdp_config.engine.backend import Backend
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.etcd import crash, revive
from tests.services.versions import EtcdOf, size_for
from tests.support.backends import Connect, connect
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

from .concurrency import (
    amid,
    amid_faults,
    in_threads,
    short_watch_backoff,
)

__all__ = ["connect", "short_watch_backoff"]

# In ranges that are read, cached and watched separately.
LEFT, RIGHT = "/left/one", "/right/of/it/another"
LAST = "last"

MAX_PAIRS = 500_000
"""Pairs after which writing stops although the readers or the faults have not finished."""

FAULT_INTERVAL_S = 0.2
"""Time between two faults, in which the watch resumes and delivers some pairs."""

FEW_CUTS = 12
MANY_CUTS = 150
"""Connections cut meanwhile. At full size, every fourth fault restarts the server."""


def write_pairs(backend: Backend, enough: Callable[[], bool], min_pairs: int = 0) -> None:
    """Write both keys together until ``enough`` is true, or MAX_PAIRS times; then a last value."""
    more = itertools.takewhile(lambda n: n < min_pairs or not enough(), range(MAX_PAIRS))
    for value in itertools.chain(map(str, more), [LAST]):
        done = False
        while not done:
            # While the database is unavailable, both are written or neither.
            with suppress(ConfigConnectionError):
                for txn in backend.txn():
                    for path in (LEFT, RIGHT):
                        txn.delete(path, must_exist=False)
                        txn.create(path, value)
                done = True


class Pairs:
    """Watcher loop on a thread that reads both keys until the last pair."""

    def __init__(self, config: Config, *, by_listing: bool) -> None:
        self._config = config
        self._by_listing = by_listing
        self.seen: list[tuple[str | None, str | None]] = []
        self.revisions: list[int] = []
        self._thread = threading.Thread(target=self._run, name="pairs")
        self._thread.start()

    def _run(self) -> None:
        for watcher in self._config.watcher():
            for txn in watcher.txn():
                if self._by_listing:
                    left = dict(txn.raw.list_values("/left/")).get(LEFT)
                    right = dict(txn.raw.list_values("/right/of/it/")).get(RIGHT)
                else:
                    left, right = txn.get(LEFT), txn.get(RIGHT)
                revision = txn.revision
            self.seen.append((left, right))
            self.revisions.append(revision)
            if left == LAST:
                break

    def finish(self) -> None:
        self._thread.join(120)
        assert not self._thread.is_alive(), f"the last pair seen is {self.seen[-1]}"
        assert [pair for pair in self.seen if pair[0] != pair[1]] == []
        assert self.revisions == sorted(self.revisions)
        numbers = [int(left) for left, _ in self.seen if left not in (None, LAST)]
        assert numbers == sorted(numbers)


def test_pair_is_read_together(connect: Connect) -> None:
    config = Config(connect())
    pairs = [Pairs(config, by_listing=by_listing) for by_listing in (False, True)]

    def have_turned() -> bool:
        return all(len(each.seen) > 5 for each in pairs)

    in_threads(lambda: write_pairs(connect(), have_turned, min_pairs=500))
    for each in pairs:
        each.finish()
    assert have_turned()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def check_pairs_amid_faults(server: Etcd, cuts: int, restart: Callable[[], None]) -> None:
    """Write pairs until so many connections were cut."""
    with (
        Proxy(server.host, server.port) as proxy,
        Config(Etcd3Backend(host=proxy.host, port=proxy.port)) as config,
        Etcd3Backend(host=server.host, port=server.port) as other,
    ):
        for backend in (config.backend, other):
            backend.delete("/nothing", must_exist=False)
        threads, files = threading.active_count(), descriptors()
        faults: list[Callable[[], object]] = [
            proxy.cut,
            lambda: proxy.cut("requests late"),
            lambda: proxy.cut("answers lost"),
            restart,
        ]
        pairs = [Pairs(config, by_listing=by_listing) for by_listing in (False, True)]
        work = partial(write_pairs, other, lambda: proxy.cuts >= cuts)
        amid_faults(server, faults, FAULT_INTERVAL_S, work)
        revive(server)
        for each in pairs:
            each.finish()
        assert proxy.cuts >= cuts, "too few connections were cut"
        config.backend.get("/nothing")
        wait_until(
            lambda: threading.active_count() <= threads and descriptors() <= files,
            30,
            f"{threads} threads and {files} descriptors, as at the start; "
            f"there are {threading.enumerate()}",
        )


@pytest.mark.long
def test_pair_is_read_together_in_spite_of_cuts(etcd_server: Callable[..., Etcd]) -> None:
    check_pairs_amid_faults(etcd_server(), FEW_CUTS, lambda: None)


@pytest.mark.long
@pytest.mark.usefixtures("short_watch_backoff")
def test_many_pairs_are_read_together_in_spite_of_crashes(server: EtcdOf) -> None:
    check_pairs_amid_faults(server, size_for(server, MANY_CUTS), lambda: crash(server))


@pytest.mark.long
def test_transaction_reads_earlier_writes_of_its_process(connect: Connect) -> None:
    config, other = Config(connect()), Config(connect())

    def meddle() -> None:
        for txn in other.txn():
            txn.delete("/theirs", must_exist=False)
            txn.create("/theirs", "x")

    def follow() -> None:
        for turn, watcher in enumerate(config.watcher(timeout=0.001)):
            for txn in watcher.txn():
                txn.get("/theirs")
                assert txn.get("/mine") == (None if turn == 0 else f"{turn - 1} changed")
            for txn in config.txn():
                txn.delete("/mine", must_exist=False)
                txn.create("/mine", str(turn))
            # Its listing conflicts with each write of others.
            for txn in watcher.txn(max_retries=10_000):
                assert txn.get("/mine") == str(turn)
                assert txn.list_keys("/") == ["/mine", "/theirs"]
                txn.update("/mine", f"{turn} changed")
            for txn in config.txn():
                assert txn.get("/mine") == f"{turn} changed"
            if turn == 100:
                break

    meddle()
    amid(meddle, 0.001, follow)
