"""Measurement of one fault: the recovery times of all clients."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from tests.faults.recovery.kinds import Fault
from tests.faults.recovery.struck_cluster import StruckCluster
from tests.faults.recovery.subjects import Bare, Client, Subject, Watcher
from tests.support.waiting import wait_until

__all__ = ["BACKENDS", "Sample", "measure"]

BACKENDS = ("etcd3", "etcd3_revolution1")

WITHIN_S = 60.0
"""Time, in seconds, in which all clients start to work, and work again after a fault."""


class Sample(NamedTuple):
    """Recovery of a client after one fault.

    Attributes:
        client: name of the client.
        seconds: time from the fault to the end of the first success that began after it.
        failed: number of its transactions that failed without effect meanwhile.
        unknown: number of its commits with an undetermined outcome meanwhile.
    """

    client: str
    seconds: float
    failed: int
    unknown: int


def measure(cluster: StruckCluster, fault: Fault) -> list[Sample]:
    """Strike the cluster once, and return the recovery of each client.

    The time begins before the fault. It ends with a success that began when the fault was there:
    what was in progress may have succeeded just before.
    """
    victim = cluster.victim(fault)
    endpoints = cluster.endpoints(fault, victim)
    with ExitStack() as opened:
        bare = [opened.enter_context(Bare(each)) for each in cluster.others(victim)]
        clients: list[Subject] = [
            opened.enter_context(kind(backend, endpoints))
            for backend in BACKENDS
            for kind in (Client, Watcher)
        ]
        for each in (*bare, *clients):
            wait_until(each.is_working, WITHIN_S, f"{each.name} works")
        cluster.wait_for_any_moment()
        before = {each: (each.failed, each.unknown) for each in (*bare, *clients)}
        opened.callback(cluster.heal, fault, victim)
        began = time.monotonic()
        cluster.strike(fault, victim)
        struck = time.monotonic()

        def recovered(subject: Subject) -> Sample:
            ended = wait_until(
                lambda: subject.first_success(struck) or 0.0, WITHIN_S, f"{subject.name} recovers"
            )
            failed, unknown = before[subject]
            return Sample(
                subject.name, ended - began, subject.failed - failed, subject.unknown - unknown
            )

        found = [recovered(each) for each in clients]
        return [_first(list(map(recovered, bare))), *found]


def _first(samples: Sequence[Sample]) -> Sample:
    return min(samples, key=lambda sample: sample.seconds)
