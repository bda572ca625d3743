"""Predicted reads that fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from tests.connection.conftest import ConnectTo
from tests.support.backends import put
from tests.support.proxy import Proxy
from tests.support.stores import CountedReads
from tests.support.waiting import wait_until

VALUES = {f"key/{number}": str(number) for number in range(4)}


@pytest.fixture
def backend(network: Proxy, connect: ConnectTo) -> Backend:
    """Client that predicts the reads of ``values``."""
    backend = connect(network.endpoint, timeout=2)
    put(backend, **VALUES)
    assert [values(backend), values(backend)] == [[*VALUES.values()]] * 2
    return backend


@pytest.fixture
def counted(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> CountedReads:
    return CountedReads(backend, monkeypatch)


def values(backend: Backend) -> list[str | None]:
    """Read the keys one by one in a transaction."""
    for txn in backend.txn():
        found = [txn.get(f"/{name}") for name in VALUES]
    return found


def test_predicted_read_is_repeated_after_a_cut(
    backend: Backend, counted: CountedReads, network: Proxy
) -> None:
    network.hold(down=True)
    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(values, backend)
        wait_until(lambda: counted.queries, what="a read")
        network.cut()
        assert result.result() == [*VALUES.values()]
    assert len(counted.queries) == 1


def test_failed_predicted_read_ends_the_prediction(
    backend: Backend, counted: CountedReads, network: Proxy
) -> None:
    with network.down(), pytest.raises(ConfigConnectionError):
        values(backend)
    trips = []
    for _ in range(3):
        counted.queries.clear()
        assert values(backend) == [*VALUES.values()]
        trips.append(len(counted.queries))
    assert trips == [4, 4, 1]
