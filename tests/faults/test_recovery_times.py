"""Measurement of recovery times."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs.generate.recovery import rows_table

from tests.faults.recovery.kinds import FAULTS, Fault
from tests.faults.recovery.measure import Sample, measure
from tests.faults.recovery.results import Results
from tests.faults.recovery.struck_cluster import StruckCluster
from tests.services.versions import NEWER_ONLY

CUT, FOLLOWER_KILLED = FAULTS[:2]
BESIDE = [fault for fault in FAULTS if fault.is_beside]
MEASURED = [*{fault.way: fault for fault in FAULTS if not fault.is_beside}.values(), *BESIDE]
"""A fault of each way, and those that hit a member which the clients do not use."""

FAST, SLOW = Sample("client, etcd3", 0.2, 0, 1), Sample("client, etcd3", 1.4, 2, 0)


def test_row_has_quantiles_and_counts_of_all_samples(tmp_path: Path) -> None:
    (row,) = Results(tmp_path / "figures.json", "3.5.30").put(CUT, [[FAST]] * 9 + [[SLOW]])
    assert (row["samples"], row["p50"], row["p90"], row["max"]) == (10, 0.2, 0.2, 1.4)
    assert (row["failed"], row["unknown"], row["limit"]) == (2, 9, 1.0)
    assert "| 0.20 s | 0.20 s | 1.40 s | 1 s | 2 | 9 |" in rows_table([row])


def test_limit_that_is_exceeded_is_marked(tmp_path: Path) -> None:
    (row,) = Results(tmp_path / "figures.json", "3.5.30").put(CUT, [[FAST], [SLOW]])
    assert "| **1 s** |" in rows_table([row])


@pytest.mark.parametrize(
    ("earlier", "is_kept"), [({}, True), ({"etcd": "3.5.16"}, False), ({"cores": 0}, False)]
)
def test_rows_of_earlier_runs_stay_on_an_equal_machine(
    tmp_path: Path, earlier: dict[str, Any], is_kept: bool
) -> None:
    file = tmp_path / "figures.json"
    Results(file, "3.5.30").put(FOLLOWER_KILLED, [[FAST]])
    file.write_text(json.dumps(json.loads(file.read_text()) | earlier))
    results = Results(file, "3.5.30")
    results.put(CUT, [[SLOW]])
    results.put(CUT, [[FAST]])
    rows = json.loads(file.read_text())["rows"]
    assert all(row["date"] for row in rows)
    kept = [("follower killed", 0.2)] if is_kept else []
    assert [(row["fault"], row["p90"]) for row in rows] == [("connection cut", 0.2), *kept]


@pytest.fixture(scope="module")
def cluster(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StruckCluster]:
    directory = tmp_path_factory.mktemp("cluster")
    with StruckCluster(program, directory, random.Random(1)) as cluster:
        yield cluster


@pytest.mark.long
@NEWER_ONLY
@pytest.mark.parametrize("fault", MEASURED, ids=[fault.name for fault in MEASURED])
def test_recovery_of_each_client_is_measured(cluster: StruckCluster, fault: Fault) -> None:
    samples = measure(cluster, fault)
    assert [sample.client for sample in samples] == [
        "bare client",
        "client, etcd3",
        "watcher, etcd3",
        "client, etcd3_revolution1",
        "watcher, etcd3_revolution1",
    ]
    assert all(sample.seconds > 0 for sample in samples)
