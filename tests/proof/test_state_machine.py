"""Interleaved transactions against the reference, on every kind of database."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf

from .databases import DatabaseUnderTest, EtcdUnderTest, MemoryUnderTest
from .machine import Transactions


def run(database: DatabaseUnderTest, examples: int, steps: int = 50) -> None:
    class Machine(Transactions):
        def __init__(self) -> None:
            super().__init__(database)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
        ),
    )


@pytest.mark.parametrize("loses_answers", [False, True], ids=["direct", "losing answers"])
def test_in_memory(loses_answers: bool) -> None:
    run(MemoryUnderTest(loses_answers=loses_answers), 25 if loses_answers else 50)


def test_on_etcd(etcd: Etcd) -> None:
    with EtcdUnderTest.on(etcd) as database:
        run(database, 15)


@pytest.mark.long
@pytest.mark.parametrize("loses_answers", [False, True], ids=["direct", "losing answers"])
def test_long_in_memory(loses_answers: bool) -> None:
    run(MemoryUnderTest(loses_answers=loses_answers), 400, 80)


@pytest.mark.long
def test_long_on_etcd(server: EtcdOf) -> None:
    with EtcdUnderTest.on(server) as database:
        run(database, 150, 80)
