"""Watcher loops compared with the reference model, on each kind of database."""

from __future__ import annotations

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf

from .databases import EtcdUnderTest, MemoryUnderTest
from .running import run_machine
from .watching import Watchers


def test_watchers_in_memory_match_the_reference() -> None:
    run_machine(Watchers, MemoryUnderTest(), 20)


def test_watchers_on_etcd_match_the_reference(etcd: Etcd) -> None:
    run_machine(Watchers, EtcdUnderTest(etcd), 8)


@pytest.mark.long
def test_many_watchers_in_memory_match_the_reference() -> None:
    run_machine(Watchers, MemoryUnderTest(), 400, 80)


@pytest.mark.long
def test_many_watchers_on_etcd_match_the_reference(server: EtcdOf) -> None:
    run_machine(Watchers, EtcdUnderTest(server), 150, 80)
