"""Fixtures of all backends, those of etcd on both supported versions, with an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ska_sdp_config.drivers.etcd import limits
from ska_sdp_config.engine.backend import Backend
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import ConnectTo, backend, connect, etcd_client, other, put
from tests.support.certificates import authority, host_pair, mutual, ours
from tests.support.commit_faults import CommitFaults

__all__ = [
    "authority",
    "backend",
    "connect",
    "etcd_backend",
    "etcd_client",
    "host_pair",
    "mutual",
    "network",
    "other",
    "ours",
    "set_pages",
]


@pytest.fixture
def set_pages() -> Iterator[Callable[[int, int], None]]:
    """Set the numbers of entries and of keys in a page."""
    with pytest.MonkeyPatch.context() as patch:

        def set_lengths(entries: int, keys: int) -> None:
            patch.setattr(limits, "VALUES_PER_PAGE", entries)
            patch.setattr(limits, "KEYS_PER_PAGE", keys)

        yield set_lengths


@pytest.fixture
def etcd_backend(etcd: Etcd, etcd_client: ConnectTo) -> Iterator[Backend]:
    """Client of etcd, with ``/n`` set to 0."""
    with etcd_client(host=etcd.endpoint, timeout=20) as backend:
        backend.delete("/n", must_exist=False)
        put(backend, n="0")
        yield backend


@pytest.fixture
def network(etcd_backend: Backend) -> CommitFaults:
    """Faults of the commits of ``etcd_backend``."""
    return CommitFaults(etcd_backend.store)
