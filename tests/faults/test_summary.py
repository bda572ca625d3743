"""Summary of a run."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.operations import operation
from tests.faults.summary import summary_of, text_of

HISTORY = [
    operation("one-1", "fault", 1, 2, fault="leader killed"),
    operation("one-1", "fault", 2, 3, "failed", fault="leader killed"),
    operation("one-1", "fault", 2, 3, fault="quota exceeded", is_in_effect=False),
    operation("one-1", "append", 3, 4, mark="one"),
    operation("one-1", "append", 4, 5, "unknown", mark="two"),
    operation("one-1", "append", 5, 6, "failed"),
    operation("one-1", "command", 6, 7, "failed"),
]

FACTS: dict[str, Any] = {
    "seed": 5,
    "etcd": "3.5.30",
    "backend": "etcd3",
    "skipped": ["no full disk: not root"],
    "standing": 12,
    "excused_stuck": 3,
    "excused_ownership": 2,
    "endings": ["simulator ended with exit code 1"],
}


def test_summary_counts_what_took_place() -> None:
    found = summary_of(HISTORY, ["one", "two"], seconds=61, observations=1, **FACTS)
    assert found["faults"] == 1
    assert found["faults_by_kind"] == {"leader killed": 1}
    assert found["kills"] == 1
    assert found["faults_not_possible"] == {"leader killed": 1, "quota exceeded": 1}
    # A transaction without a mark has not reached its commit.
    assert found["transactions"] == {"ok": 1, "unknown": 1}
    assert found["commands"] == {"failed": 1}
    assert found["observations"] == 1
    assert found["violations"] == ["one", "two"]


def test_summary_without_an_answer_is_valid_json() -> None:
    history = [
        *HISTORY,
        operation("one-1", "append", 100, 101, "unknown"),
        operation("one-1", "fault", 99, 100, fault="cut"),
    ]
    history.sort(key=lambda each: each.began)
    summary = summary_of(history, [], seconds=61, observations=1, **FACTS)
    assert None in [each["p90_s"] for each in summary["recovery"]]
    json.dumps(summary, allow_nan=False)


def test_text_has_the_random_seed_and_violations() -> None:
    text = text_of(summary_of(HISTORY, ["one is lost"], seconds=61, observations=1, **FACTS))
    assert text.splitlines() == [
        "random seed 5, etcd 3.5.30, backend etcd3, 61 s",
        "1 faults: 1 leader killed",
        "no full disk: not root",
        "1 observations completed; commands: 1 failed",
        "transactions: 1 ok, 1 unknown",
        "ended by itself: simulator ended with exit code 1",
        "excused: 3 states that waited longer, due to outages, steps of the clock or commands",
        "excused: 2 messages about ownership, as this etcd may end leases early",
        "1 violations; 12 stable values were checked",
        "  one is lost",
    ]
