"""Transactions against the same work by hand."""

from __future__ import annotations

from collections.abc import Iterator

from ska_sdp_config import Config

from .by_hand import ByHand
from .measure import Row, compare

__all__ = ["rows"]

READ = [f"/bench/r{number}" for number in range(8)]
WRITTEN = READ[:2]


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on transactions."""
    for txn in config.txn():
        for path in ["/bench/n", *READ]:
            txn.delete(path, must_exist=False)
            txn.create(path, "0")

    def increment() -> None:
        for txn in config.txn():
            txn.update("/bench/n", str(int(txn.get("/bench/n")) + 1))

    yield compare(
        "read, modify and write one key",
        increment,
        lambda: by_hand.increment("2/bench/n"),
        times=200,
        bound=1 / 0.8,
    )

    def eight_and_two(prefetch: list[str]) -> None:
        for txn in config.txn(prefetch=prefetch):
            total = sum(int(txn.get(path)) for path in READ)
            for path in WRITTEN:
                txn.update(path, str(total % 1000))

    keys = [f"2{path}" for path in READ]
    writes = {f"2{path}": "1" for path in WRITTEN}
    yield compare(
        "read 8 keys and write 2, prefetched",
        lambda: eight_and_two(READ),
        lambda: by_hand.commit(by_hand.get_all(keys), writes),
        times=200,
        bound=1.4,
    )
    yield compare(
        "read 8 keys and write 2, one by one",
        lambda: eight_and_two([]),
        lambda: by_hand.commit([by_hand.get(key) for key in keys], writes),
        times=100,
        bound=1.1,
    )
