"""Watcher loops compared with the reference model, on each kind of database."""

from __future__ import annotations

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import EtcdOf, size_for
from tests.support.size import sized

from .databases import EtcdUnderTest, MemoryUnderTest
from .running import run_machine
from .watching import Watchers

MANY_EXAMPLES_IN_MEMORY = 240
MANY_EXAMPLES_ON_ETCD = 100
MANY_STEPS = 80
"""Random sequences of steps, and steps of each, at full size."""


def test_watchers_in_memory_match_the_reference() -> None:
    run_machine(Watchers, MemoryUnderTest(), 20)


def test_watchers_on_etcd_match_the_reference(etcd: Etcd) -> None:
    run_machine(Watchers, EtcdUnderTest(etcd), 8)


@pytest.mark.long
def test_many_watchers_in_memory_match_the_reference() -> None:
    run_machine(Watchers, MemoryUnderTest(), sized(MANY_EXAMPLES_IN_MEMORY), MANY_STEPS)


@pytest.mark.long
def test_many_watchers_on_etcd_match_the_reference(server: EtcdOf) -> None:
    examples = size_for(server, MANY_EXAMPLES_ON_ETCD)
    run_machine(Watchers, EtcdUnderTest(server), examples, MANY_STEPS)
