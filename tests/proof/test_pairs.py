"""What is written together is seen together, and what a process wrote itself is seen by it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.config import Config
from ska_sdp_lmc.stack.etcd import Etcd
from tests.backend.conftest import Connect, connect
from tests.services.etcd import crash, revive
from tests.services.versions import EtcdOf
from tests.waiting import wait_until

from .concurrency import amid, in_threads
from .proxy import Proxy

__all__ = ["connect"]

# In ranges that are read, cached and watched apart.
LEFT, RIGHT = "/left/one", "/right/of/it/another"
LAST = "last"


def write_pairs(backend: Backend, count: int, enough: Callable[[], bool] = lambda: True) -> None:
    """Write both keys together, so many times and until it is enough, and at last something else.

    At a hundred times as many it is given up.
    """
    more = itertools.takewhile(lambda n: n < count or not enough(), range(100 * count))
    for value in itertools.chain(map(str, more), [LAST]):
        done = False
        while not done:
            # While the database is away nothing is written, or both are.
            with suppress(ConfigConnectionError):
                for txn in backend.txn():
                    for path in (LEFT, RIGHT):
                        txn.delete(path, must_exist=False)
                        txn.create(path, value)
                done = True


class Pairs:
    """A watcher loop on a thread that reads both keys until the last pair has come."""

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


def test_a_pair_is_seen_together(connect: Connect) -> None:
    config = Config(connect())
    pairs = [Pairs(config, by_listing=by_listing) for by_listing in (False, True)]

    def have_turned() -> bool:
        return all(len(each.seen) > 5 for each in pairs)

    in_threads(lambda: write_pairs(connect(), 500, have_turned))
    for each in pairs:
        each.finish()
    assert have_turned()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def pairs_in_bad_weather(
    server: Etcd, count: int, restart: Callable[[], None], every: float
) -> None:
    with (
        Proxy(server.host, server.port) as proxy,
        Config(Etcd3Backend(host=proxy.host, port=proxy.port)) as config,
        Etcd3Backend(host=server.host, port=server.port) as other,
    ):
        for backend in (config.backend, other):
            backend.delete("/nothing", must_exist=False)
        threads, files = threading.active_count(), descriptors()
        troubles = itertools.cycle(
            [proxy.cut, lambda: proxy.cut("late"), lambda: proxy.cut("answers"), restart]
        )
        pairs = [Pairs(config, by_listing=by_listing) for by_listing in (False, True)]

        def trouble() -> None:
            next(troubles)()
            revive(server)

        # A fast machine writes more of them, so that enough goes wrong meanwhile.
        amid(trouble, every, lambda: write_pairs(other, count, lambda: proxy.cuts > 3))
        revive(server)
        for each in pairs:
            each.finish()
        assert proxy.cuts > 3, "nothing happened"
        config.backend.get("/nothing")
        wait_until(
            lambda: threading.active_count() <= threads and descriptors() <= files,
            30,
            f"{threads} threads and {files} descriptors, as at the start; "
            f"there are {threading.enumerate()}",
        )


@pytest.mark.long
def test_a_pair_is_seen_together_through_cuts(etcd_server: Callable[..., Etcd]) -> None:
    pairs_in_bad_weather(etcd_server(), 1_500, lambda: None, 0.2)


@pytest.mark.long
def test_long_pairs(server: EtcdOf) -> None:
    pairs_in_bad_weather(server, 100_000, lambda: crash(server), 1.0)


def test_what_the_body_writes_besides_is_read_by_the_next_transaction(connect: Connect) -> None:
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
            # Its listing is in conflict with all that the others do, however often they come.
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
