"""Summary of a run."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.history import NEVER, Operation, Outcome, Time
from tests.faults.summary import summary_of, text_of


def operation(kind: str, began: float, outcome: Outcome = "ok", **details: Any) -> Operation:
    end = NEVER if outcome == "unknown" else Time(began + 1, began + 1)
    return Operation("one-1", 0, kind, Time(began, began), end, outcome, details=details)


HISTORY = [
    operation("fault", 1, fault="leader killed"),
    operation("fault", 2, "failed", fault="leader killed"),
    operation("append", 3, mark="one"),
    operation("append", 4, "unknown", mark="two"),
    operation("append", 5, "failed"),
    operation("command", 6, "failed"),
]

FACTS: dict[str, Any] = {
    "seed": 5,
    "etcd": "3.5.30",
    "backend": "etcd3",
    "skipped": ["no full disk: not root"],
    "standing": 12,
    "excused_stuck": 3,
    "endings": ["simulator ended with exit code 1"],
}


def test_summary_counts_what_took_place() -> None:
    found = summary_of(HISTORY, ["one", "two"], seconds=61, observations=1, **FACTS)
    assert found["faults"] == 1
    assert found["faults_by_kind"] == {"leader killed": 1}
    assert found["faults_not_possible"] == {"leader killed": 1}
    # A transaction without a mark has not reached its commit.
    assert found["transactions"] == {"ok": 1, "unknown": 1}
    assert found["commands"] == {"failed": 1}
    assert found["observations"] == 1
    assert found["violations"] == ["one", "two"]


def test_summary_without_an_answer_is_valid_json() -> None:
    history = [*HISTORY, operation("append", 100, "unknown"), operation("fault", 99, fault="cut")]
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
        "3 states did not continue after steps of the clock or outages",
        "1 violations; 12 values that stood were checked",
        "  one is lost",
    ]
