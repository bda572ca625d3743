"""Random transactions for concurrent clients, with a record of each."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial

from ska_sdp_config.backend import (
    CommitUnknown,
    ConfigConnectionError,
)
from ska_sdp_config.engine.backend import Backend
from tests.support.recorded import Body
from tests.support.serializability import Record

from .concurrency import in_threads

__all__ = ["Work"]

PATHS = [f"/data/{name}" for name in "abcde"] + ["/data/a/below", "/data/b/below"]


def read_only(body: Body, chance: random.Random) -> None:
    body.read(chance.choice(PATHS))
    body.list(chance.choice(["/data/", "/data/a/"]))
    body.read_many(chance.sample(PATHS, 3))


def copy_around(body: Body, chance: random.Random) -> None:
    # Two of these could cause write skew: each reads what the other writes.
    one, other = chance.sample(PATHS, 2)
    body.read(one)
    body.change(other)


def keep_few(body: Body, chance: random.Random) -> None:
    # A decision by a listing, which phantoms could invalidate.
    members = body.list("/data/")
    if len(members) > 2:
        body.remove(chance.choice(members))
    else:
        body.change(chance.choice(PATHS[:5]))


def look_at_all(body: Body, chance: random.Random) -> None:
    body.list_values("/data/")
    body.change(chance.choice(PATHS))


def write_blindly(body: Body, chance: random.Random) -> None:
    for path in chance.sample(PATHS, 2):
        body.put_blindly(path)


def remove_some(body: Body, chance: random.Random) -> None:
    body.remove(chance.choice(PATHS))
    body.change(chance.choice(PATHS))


KINDS: list[Callable[[Body, random.Random], None]] = [
    read_only,
    read_only,
    copy_around,
    copy_around,
    keep_few,
    look_at_all,
    write_blindly,
    remove_some,
]


class Work:
    """The transactions of one thread.

    Args:
        backend: client.
        name: unique name.
        seed: seed of its random choices.
    """

    def __init__(self, backend: Backend, name: str, seed: int) -> None:
        self._backend = backend
        self._name = name
        self._chance = random.Random(seed)
        self.records: list[Record] = []

    def run(self, count: int) -> None:
        """Run so many transactions."""
        for number in range(count):
            record = Record(f"{self._name}.{number}", time.monotonic())
            self.records.append(record)
            try:
                self._transact(record)
                record.outcome = "committed"
            except CommitUnknown:
                continue
            except (ConfigConnectionError, RuntimeError):
                # Too many retries, or no database: nothing was written.
                record.outcome = "failed"
            record.ended = time.monotonic()

    def _transact(self, record: Record) -> None:
        kind = self._chance.choice(KINDS)
        prefetch = self._chance.choice([[], [], ["/data/"], PATHS[:3]])
        seed = self._chance.random()
        for txn in self._backend.txn(prefetch=prefetch):
            body = Body(txn, record, f"{record.name}#{record.attempts}")
            kind(body, random.Random(seed))
            body.finish(self._name)
        record.revision = txn.reads.revision


def run_threads(clients: list[Backend], count: int, names: str = "") -> list[Record]:
    """Run one thread for each client given; a client may be given several times."""
    works = [Work(client, f"{names}{n}", n) for n, client in enumerate(clients)]
    in_threads(*(partial(work.run, count) for work in works))
    return [record for work in works for record in work.records]
