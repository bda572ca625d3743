"""Commits of many clients: to one etcd server, and to a cluster of three."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from .cluster import Cluster
from .proc import processor_time
from .programs import Program
from .records import Record

__all__ = ["records"]

SECONDS = 15.0
CLIENTS = (1, 8, 32)
SERVERS = (1, 3)
MAX_PROCESSES = 8

KEYS = ("own key", "one key")
"""Keys that clients increment: each its own, or all the same."""


def records() -> Iterator[Record]:
    """Yield a record for each number of servers and of clients."""
    for servers in SERVERS:
        with (
            tempfile.TemporaryDirectory() as directory,
            Cluster(Path(directory), servers) as cluster,
        ):
            for keys in KEYS:
                for clients in CLIENTS:
                    if clients > 1 or keys == "own key":
                        yield _measured(cluster, keys, clients)


def _measured(cluster: Cluster, keys: str, clients: int) -> Record:
    with ExitStack() as opened:
        programs = [
            opened.enter_context(Program("committing_process", *_arguments(cluster, paths)))
            for paths in _paths_by_process(keys, clients)
        ]
        for program in programs:
            program.wait_for("ready")
        before = sum(map(processor_time, cluster.pids))
        for program in programs:
            program.send("start")
        measured = [json.loads(program.next_line()) for program in programs]
        of_etcd = sum(map(processor_time, cluster.pids)) - before
    took = [each for one in measured for each in one["took"]]
    of_clients = sum(one["processor time"] for one in measured)
    quantiles = statistics.quantiles(took, n=100)
    return {
        "servers": len(cluster.members),
        "keys": keys,
        "clients": clients,
        "commits per second": len(took) / SECONDS,
        "p50, s": quantiles[49],
        "p99, s": quantiles[98],
        "processor time of clients, s": of_clients / len(took),
        "processor time of etcd, s": of_etcd / len(took),
    }


def _arguments(cluster: Cluster, paths: list[str]) -> list[str]:
    return [f"--endpoints={cluster.endpoints}", f"--seconds={SECONDS}", *paths]


def _paths_by_process(keys: str, clients: int) -> list[list[str]]:
    paths = [
        "/bench/counter" if keys == "one key" else f"/bench/counter-{number}"
        for number in range(clients)
    ]
    processes = min(clients, MAX_PROCESSES)
    return [paths[number::processes] for number in range(processes)]
