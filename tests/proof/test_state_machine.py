"""Interleaved transactions compared with the reference model, on each kind of database."""

from __future__ import annotations

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf, size_for
from tests.support.size import sized

from .databases import EtcdUnderTest, MemoryUnderTest
from .machine import Transactions
from .running import run_machine

MANY_EXAMPLES_LOSING_ANSWERS = 240
MANY_EXAMPLES_DIRECT = 100
MANY_EXAMPLES_ON_ETCD = 100
MANY_STEPS = 80
"""Random sequences of steps, and steps of each, at full size."""


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
    examples = MANY_EXAMPLES_LOSING_ANSWERS if loses_answers else MANY_EXAMPLES_DIRECT
    run_machine(
        Transactions, MemoryUnderTest(loses_answers=loses_answers), sized(examples), MANY_STEPS
    )


@pytest.mark.long
def test_many_transactions_on_etcd_match_the_reference(server: EtcdOf) -> None:
    examples = size_for(server, MANY_EXAMPLES_ON_ETCD)
    run_machine(Transactions, EtcdUnderTest(server), examples, MANY_STEPS)
