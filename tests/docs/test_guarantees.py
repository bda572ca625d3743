"""Promises name tests that exist, and the figures of the runs with faults are complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from docs.generate import guarantees
from docs.generate.fault_runs import FIGURES, figures_of
from docs.generate.guarantees import FUZZ, PROMISES, RUN

from tests.docs.page import ROOT

TESTS = sorted({test for promise in PROMISES for test in promise["tests"]})
RECORDED: dict[str, list[dict[str, Any]]] = json.loads(FIGURES.read_text())


def test_every_promise_names_tests() -> None:
    assert len(PROMISES) >= 11
    for promise in PROMISES:
        assert promise["tests"], promise["promise"]
        assert set(promise["counted"]) <= set(RUN)


def test_tests_of_the_promises_are_collected() -> None:
    files = sorted({test.partition("::")[0] for test in TESTS})
    assert [file for file in files if not (ROOT / file).is_file()] == []
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    # Without the parameters.
    collected = {re.sub(r"\[.*", "", line) for line in done.stdout.splitlines()}
    assert [test for test in TESTS if test not in collected] == [], done.stdout + done.stderr


@pytest.mark.parametrize(("kind", "names"), [("runs", RUN), ("fuzz", FUZZ), ("soak", RUN)])
def test_recorded_runs_have_all_figures(kind: str, names: tuple[str, ...]) -> None:
    for run in RECORDED[kind]:
        assert set(names) <= set(run), run


def test_no_recorded_run_has_broken_a_promise() -> None:
    runs = [*RECORDED["runs"], *RECORDED["soak"]]
    assert sum(run["violations"] for run in runs) == 0
    assert sum(run["defects"] for run in RECORDED["fuzz"]) == 0


def test_figures_of_runs_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = {
        "seed": 12_345,
        "etcd": "3.5.16",
        "backend": "etcd3",
        "version": "0.1.0",
        "seconds": 300.0,
        "faults": 7,
        "observations": 3,
        "transactions": {"ok": 1_000, "unknown": 10},
        "commands": {"ok": 30, "failed": 4},
        "operations_by_kind": {"event": 20},
        "violations": [],
    }
    run = figures_of(summary, "2026-01-31")
    assert tuple(run) == RUN
    figures = {"runs": [run, run], "fuzz": [], "soak": []}
    monkeypatch.setattr(guarantees, "_figures", lambda: figures)
    assert "| 12345 | 3.5.16 | etcd3 | 0.1.0 | 5.0 | 7 | 3 | 1,010 |" in guarantees.runs()
    assert "| all |  |  |  |  | 10 | 14 | 6 | 2,020 | 68 | 40 | 0 |" in guarantees.runs()
    assert "In the runs with faults: 68 commands." in guarantees.promises()
    assert guarantees.fuzz() == guarantees.NONE_YET
