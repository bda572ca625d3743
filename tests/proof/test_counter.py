"""Counter that many processes increment: none is lost, and none runs out of retries."""

from __future__ import annotations

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.config import Config
from ska_sdp_config.engine.runner import MAX_RETRIES
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf, size_for

from .concurrency import in_processes

COUNTER = "/proof/counter"

FEW_PROCESSES, FEW_INCREMENTS = 3, 60
MANY_PROCESSES, MANY_INCREMENTS = 8, 500
"""Processes, and increments of each."""


def increment(number: int, host: str, port: int, count: int) -> list[int]:
    """Increment so many times; return the number of retries of each."""
    retries = []
    with Config("etcd3", host=host, port=port) as config:
        for _ in range(count):
            runs = 0
            for txn in config.txn():
                runs += 1
                txn.update(COUNTER, str(int(txn.get(COUNTER) or "") + 1))
            retries.append(runs - 1)
    return retries


def count_up(server: Etcd, processes: int, count: int) -> int:
    """Increment in several processes; return the largest number of retries."""
    with Etcd3Backend(host=server.host, port=server.port) as backend:
        backend.delete(COUNTER, must_exist=False)
        backend.create(COUNTER, "0")
        retries: list[int] = []
        # On a busy machine there may be no conflict at first.
        for rounds in range(1, 6):
            retries += in_processes(processes, increment, server.host, server.port, count)
            assert len(retries) == rounds * processes * count
            assert backend.get(COUNTER)[0] == str(len(retries))
            if sum(retries) > 0:
                break
        else:
            pytest.fail("there was no conflict")
    return max(retries)


def test_counter_loses_no_increment(etcd: Etcd) -> None:
    assert count_up(etcd, FEW_PROCESSES, FEW_INCREMENTS) < MAX_RETRIES


@pytest.mark.long
def test_counter_loses_no_increment_of_many(
    server: EtcdOf, capsys: pytest.CaptureFixture[str]
) -> None:
    increments = size_for(server, MANY_INCREMENTS)
    worst = count_up(server, MANY_PROCESSES, increments)
    with capsys.disabled():
        print(f"\n{MANY_PROCESSES} processes x {increments} increments: at most {worst} retries.")  # noqa: T201
