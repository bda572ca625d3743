"""Interleaved transactions compared with the reference model, on each kind of database."""

from __future__ import annotations

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf

from .databases import EtcdUnderTest, MemoryUnderTest
from .machine import Transactions
from .running import run_machine


@pytest.mark.parametrize("loses_answers", [False, True], ids=["direct", "losing answers"])
def test_transactions_in_memory_match_the_reference(loses_answers: bool) -> None:
    run_machine(
        Transactions, MemoryUnderTest(loses_answers=loses_answers), 20 if loses_answers else 30
    )


def test_transactions_on_etcd_match_the_reference(etcd: Etcd) -> None:
    run_machine(Transactions, EtcdUnderTest(etcd), 10)


@pytest.mark.long
@pytest.mark.parametrize("loses_answers", [False, True], ids=["direct", "losing answers"])
def test_many_transactions_in_memory_match_the_reference(loses_answers: bool) -> None:
    run_machine(Transactions, MemoryUnderTest(loses_answers=loses_answers), 400, 80)


@pytest.mark.long
def test_many_transactions_on_etcd_match_the_reference(server: EtcdOf) -> None:
    run_machine(Transactions, EtcdUnderTest(server), 150, 80)
