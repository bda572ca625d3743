"""Short reads, writes and watches of a backend."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence

from ska_sdp_config.backend import MemoryBackend
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Change, Delete, Put
from ska_sdp_config.store.keys import Span
from tests.waiting import wait_until


def put(backend: Backend, **values: str) -> None:
    for txn in backend.txn():
        for name, value in values.items():
            txn.delete(f"/{name}", must_exist=False)
            txn.create(f"/{name}", value)


def read(backend: Backend, path: str) -> str | None:
    return backend.get(path)[0]


def compact(backend: Backend) -> None:
    revision = backend.get("/a")[1].revision
    if isinstance(backend, MemoryBackend):
        backend.database.compact(revision)
    else:
        request = urllib.request.Request(
            f"http://{backend.address}/v3/kv/compaction", data=b'{"revision": "%d"}' % revision
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()


class Heard:
    """Sink that records changes and gaps, and checks that deliveries are of whole revisions."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.gaps: list[int] = []
        self.deliveries = 0

    def changed(self, changes: Sequence[Change]) -> None:
        revisions = [change.revision for change in changes]
        assert revisions == sorted(revisions)
        assert not self.changes or revisions[0] > self.changes[-1].revision
        self.changes += changes
        self.deliveries += 1

    def gap(self, revision: int) -> None:
        self.gaps.append(revision)

    def heard(self, *expected: tuple[str, str | None]) -> None:
        """Wait until exactly these changes were delivered."""

        def delivered() -> list[tuple[str, str | None]]:
            return [(c.key, c.entry.value if c.entry else None) for c in self.changes]

        wait_until(lambda: len(delivered()) >= len(expected), what=f"{expected} in {delivered()}")
        assert delivered() == list(expected)


def commit(backend: Backend, **values: str | None) -> int:
    writes = [
        Delete(Span(f"1/{name}")) if value is None else Put(f"1/{name}", value)
        for name, value in values.items()
    ]
    outcome = backend.store.commit([], writes, timeout=20)
    return outcome.revision  # type: ignore[union-attr]  # it has no guards


def now(backend: Backend) -> int:
    return backend.store.read([], timeout=5).revision
