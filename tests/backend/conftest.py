"""Fixtures of all backends, those of etcd on both supported versions, with an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ska_sdp_config.drivers.etcd import limits
from tests.support.backends import backend, connect, etcd_client, other
from tests.support.certificates import authority, host_pair, mutual, ours

__all__ = [
    "authority",
    "backend",
    "connect",
    "etcd_client",
    "host_pair",
    "mutual",
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
