"""Faults of the network between the clients and the members of the etcd cluster."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.faults.faults.fault import Fault
from tests.faults.faults.names import ANSWERS_SLOW, DATA_DELAYED
from tests.support.proxy import Proxy

__all__ = ["network_faults"]

SLOW_BYTES_PER_S = 20_000
DELAY_S = 0.3

AT_ONCE_S = (0.05, 0.1)
SHORT_S = (0.5, 3.0)
DETECTED_S = (1.0, 7.0)
"""Duration of a silence that clients detect at times; it takes them up to five seconds."""

Act = Callable[[Proxy], object]


@dataclass
class ProxyFault:
    """Fault of the proxies of some members.

    Attributes:
        proxies: proxies of all members.
        chance: source of random choices.
        strike: what each chosen proxy does at the start.
        heal: what it does at the end.
        struck: proxies of the last ``begin``.
    """

    name: str
    lasts_s: tuple[float, float]
    proxies: Sequence[Proxy]
    chance: random.Random
    strike: Act
    heal: Act
    struck: list[Proxy] = field(default_factory=list)

    def begin(self) -> None:
        """Choose some proxies, or all."""
        count = self.chance.randint(1, len(self.proxies))
        self.struck = self.chance.sample(self.proxies, count)
        for proxy in self.struck:
            self.strike(proxy)

    def end(self) -> None:
        for proxy in self.struck:
            self.heal(proxy)


def reject(proxy: Proxy) -> None:
    """Cut all connections and reject new ones."""
    proxy.reject_connections(True)
    proxy.cut()


def lose(proxy: Proxy) -> None:
    """Forward nothing, and lose what is sent on connections that are open."""
    proxy.silence()
    proxy.discard(up=True, down=True)


def find(proxy: Proxy) -> None:
    """Forward again; connections of which something was lost are cut."""
    proxy.release()
    proxy.cut()


def nothing(_: Proxy) -> None:
    """Do nothing, for a fault that ends at once."""


def network_faults(proxies: Sequence[Proxy], chance: random.Random) -> list[Fault]:
    """Return the faults of the proxies, of which only one may be in effect at a time."""
    delay, slow = (
        partial(Proxy.delay, seconds=DELAY_S),
        partial(Proxy.limit, rate=SLOW_BYTES_PER_S),
    )
    prompt, fast = partial(Proxy.delay, seconds=0), partial(Proxy.limit, rate=None)
    rows: list[tuple[str, tuple[float, float], Act, Act]] = [
        ("connections cut", AT_ONCE_S, Proxy.cut, nothing),
        ("answers lost", AT_ONCE_S, lambda proxy: proxy.cut("answers lost"), nothing),
        ("requests late", AT_ONCE_S, lambda proxy: proxy.cut("requests late"), nothing),
        (
            "connections rejected",
            SHORT_S,
            reject,
            partial(Proxy.reject_connections, rejects=False),
        ),
        (DATA_DELAYED, SHORT_S, delay, prompt),
        (ANSWERS_SLOW, SHORT_S, slow, fast),
        ("data held", SHORT_S, Proxy.silence, Proxy.release),
        ("data lost", DETECTED_S, lose, find),
        ("only requests arrive", SHORT_S, partial(Proxy.hold, down=True), Proxy.release),
        ("only answers arrive", SHORT_S, partial(Proxy.hold, up=True), Proxy.release),
    ]
    return [
        ProxyFault(name, lasts, proxies, chance, strike, heal)
        for name, lasts, strike, heal in rows
    ]
