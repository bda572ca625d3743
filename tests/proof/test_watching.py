"""Watcher loops against the reference, on every kind of database."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf

from .databases import DatabaseUnderTest, EtcdUnderTest, MemoryUnderTest
from .watching import Watchers


def run(database: DatabaseUnderTest, examples: int, steps: int = 50) -> None:
    class Machine(Watchers):
        def __init__(self) -> None:
            super().__init__(database)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
        ),
    )


def test_in_memory() -> None:
    run(MemoryUnderTest(), 30)


def test_on_etcd(etcd: Etcd) -> None:
    with EtcdUnderTest.on(etcd) as database:
        run(database, 12)


@pytest.mark.long
def test_long_in_memory() -> None:
    run(MemoryUnderTest(), 400, 80)


@pytest.mark.long
def test_long_on_etcd(server: EtcdOf) -> None:
    with EtcdUnderTest.on(server) as database:
        run(database, 150, 80)
