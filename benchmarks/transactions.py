"""Transactions, against the same work on the stubs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from ska_sdp_config import Config

from .by_hand import ByHand
from .measure import Row, compare
from .round_trips import counted, kv_calls

__all__ = ["number_at", "rows"]

READ = [f"/bench/r{number}" for number in range(8)]
WRITTEN = READ[:2]
RETRIES = 20


def number_at(txn: Any, path: str) -> int:
    """Read an existing number."""
    return int(txn.get(path))


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on transactions."""
    for txn in config.txn():
        for path in ["/bench/n", *READ]:
            txn.delete(path, must_exist=False)
            txn.create(path, "0")

    def increment() -> None:
        for txn in config.txn():
            txn.update("/bench/n", str(number_at(txn, "/bench/n") + 1))

    yield compare(
        "read, modify and write one key",
        increment,
        lambda: by_hand.increment("2/bench/n"),
        times=50,
        rounds=21,
        bound=1 / 0.8,
    )

    def eight_and_two(prefetch: list[str], read: list[str]) -> None:
        for txn in config.txn(prefetch=prefetch):
            total = sum(number_at(txn, path) for path in read)
            for path in WRITTEN:
                txn.update(path, str(total % 1000))

    keys = [f"2{path}" for path in READ]
    writes = {f"2{path}": "1" for path in WRITTEN}
    yield compare(
        "read 8 keys and write 2, prefetched",
        lambda: eight_and_two(READ, READ),
        lambda: by_hand.commit(by_hand.get_all(keys), writes),
        times=50,
        rounds=21,
        bound=1.4,
    )
    yield compare(
        "read 8 keys and write 2, one by one",
        lambda: eight_and_two([], READ),
        lambda: by_hand.commit([by_hand.get(key) for key in keys], writes),
        times=25,
        rounds=21,
        bound=0.7,
    )
    # Reads in another order are not predicted.
    yield compare(
        "read 8 keys and write 2, one by one, never twice in the same order",
        lambda: eight_and_two([], random.sample(READ, len(READ))),
        lambda: by_hand.commit([by_hand.get(key) for key in keys], writes),
        times=25,
        rounds=21,
        bound=1.4,
    )
    yield _retry(config, by_hand)


def _retry(config: Config, by_hand: ByHand) -> Row:
    """Measure a retry after a conflict."""
    trips = []
    for number in range(RETRIES):
        before: list[int] = []
        for txn in config.txn():
            # The second attempt starts after the rejected commit.
            before.append(kv_calls(config.backend.address))
            total = sum(number_at(txn, path) for path in READ)
            if len(before) == 1:
                by_hand.commit([], {f"2{WRITTEN[0]}": str(number)})
            txn.update(WRITTEN[1], str(total % 1000))
        if len(before) != 2:
            raise AssertionError(f"The body ran {len(before)} times.")
        trips.append(kv_calls(config.backend.address) - before[-1])
    return counted("a retry after a conflict, 8 keys read", [*map(float, trips)], 1)
