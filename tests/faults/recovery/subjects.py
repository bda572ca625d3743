"""Clients whose recovery is measured, each on its own thread with its own connection."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress

import grpc
from pyetcd import etcdrpc
from typing_extensions import Self

from ska_sdp_config import Config
from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from ska_sdp_config.store.keys import key_of_path
from tests.support.cluster import raw

__all__ = ["Bare", "Client", "Subject", "Watcher"]

COUNTER = "/recovery/counter"
CHANGES = "/recovery/changes"

PAUSE_S = 0.02
"""Seconds between two transactions, so that two cores carry all clients."""

MIN_SUCCESSES = 5
"""Number of successes after which a client works regularly."""

BARE_TIMEOUT_S = 0.3
"""Timeout of a call of the bare client, in seconds."""


class Subject(ABC):
    """Client that works until it is closed; a context manager.

    Attributes:
        name: its name in the table.
        successes: begin and end of each success, on the monotonic clock.
        failed: number of transactions that failed without effect.
        unknown: number of commits whose outcome was not determined.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.successes: list[tuple[float, float]] = []
        self.failed = 0
        self.unknown = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @abstractmethod
    def _work(self) -> None:
        """Work until the end."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def is_working(self) -> bool:
        """Return whether it has begun to work regularly."""
        return len(self.successes) >= MIN_SUCCESSES

    def first_success(self, since: float) -> float | None:
        """Return the end of the first success that began at a time or later, None without one."""
        return next((ended for began, ended in list(self.successes) if began >= since), None)


class OfLibrary(Subject):
    """Client with a Config.

    Args:
        name: its name in the table.
        backend: name of the backend.
        endpoints: ``host:port,…``, the first of which it uses.
    """

    def __init__(self, name: str, backend: str, endpoints: str) -> None:
        super().__init__(f"{name}, {backend}")
        self._path = f"{COUNTER}-{backend}"
        self._config = Config(backend=backend, host=endpoints)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        # This ends calls in progress too.
        self._config.close()
        self._thread.join()


class Client(OfLibrary):
    """Client that commits one transaction after the other."""

    def __init__(self, backend: str, endpoints: str) -> None:
        super().__init__("client", backend, endpoints)

    def _work(self) -> None:
        while not self._ended.wait(PAUSE_S):
            began = time.monotonic()
            try:
                self._increment()
            except CommitUnknown:
                self.unknown += 1
            except ConfigConnectionError:
                self.failed += 1
            else:
                self.successes.append((began, time.monotonic()))

    def _increment(self) -> None:
        for txn in self._config.txn():
            value = txn.raw.get(self._path)
            if value is None:
                txn.raw.create(self._path, "1")
            else:
                txn.raw.update(self._path, str(int(value) + 1))


class Watcher(OfLibrary):
    """Watcher loop that reads what the bare client writes: the time at which its put began."""

    def __init__(self, backend: str, endpoints: str) -> None:
        super().__init__("watcher", backend, endpoints)

    def _work(self) -> None:
        # The end of the Config ends the loop.
        with suppress(ConfigConnectionError):
            for watcher in self._config.watcher():
                for txn in watcher.txn():
                    began = txn.raw.get(CHANGES)
                if began is not None:
                    self.successes.append((float(began), time.monotonic()))


class Bare(Subject):
    """Client without the library, which puts the present time through one member.

    It gives up each call soon. So its recovery is that of the cluster, and the watchers have
    changes to receive from then on.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__("bare client")
        self._endpoint = endpoint

    def _work(self) -> None:
        with raw(self._endpoint) as channel:
            put, key = etcdrpc.KVStub(channel).Put, key_of_path(CHANGES).encode()
            while not self._ended.wait(PAUSE_S):
                began = time.monotonic()
                request = etcdrpc.PutRequest(key=key, value=f"{began}".encode())
                try:
                    put(request, timeout=BARE_TIMEOUT_S)
                except grpc.RpcError:
                    self.failed += 1
                else:
                    self.successes.append((began, time.monotonic()))
