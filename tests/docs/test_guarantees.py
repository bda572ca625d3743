"""Promises name tests that exist, and the figures of the runs with faults are complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs.generate import guarantees
from docs.generate.fault_runs import CLOCK_STEPPED, FIGURES, Figures, add, figures_of
from docs.generate.guarantees import FUZZ, PROMISES, QUANTITIES, RUN

from tests.docs.page import ROOT
from tests.faults.faults.names import CLOCK_STEPPED as NAME_OF_STEPS
from tests.fuzz.running import Outcome

TESTS = sorted({test for promise in PROMISES for test in promise["tests"]})
RECORDED: Figures = json.loads(FIGURES.read_text())

SUMMARY = {
    "seed": 12_345,
    "etcd": "3.5.16",
    "backend": "etcd3",
    "version": "0.1.0",
    "seconds": 300.0,
    "faults": 7,
    "faults_by_kind": {"client killed": 3, NAME_OF_STEPS: 4},
    "kills": 3,
    "observations": 3,
    "transactions": {"ok": 1_000, "unknown": 10},
    "commands": {"ok": 30, "failed": 4},
    "operations_by_kind": {"event": 20},
    "excused_ownership": 2,
    "violations": [],
}


def test_every_promise_names_tests() -> None:
    assert len(PROMISES) >= 11
    for promise in PROMISES:
        assert promise["tests"], promise["promise"]
        assert set(promise["counted"]) <= set(QUANTITIES)


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


def test_figures_of_a_fuzzed_kind_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: Figures = {"runs": [], "fuzz": [], "soak": []}
    file = tmp_path / "fuzz.json"
    for kind, inputs in (("cli", 1_000), ("urls", 3_000), ("cli", 2_000)):
        file.write_text(json.dumps([Outcome(kind, seed=1, inputs=inputs).figures()]))
        add(figures, "fuzz", file)
    assert [tuple(run) for run in figures["fuzz"]] == [FUZZ, FUZZ]
    monkeypatch.setattr(guarantees, "_figures", lambda: figures)
    assert "| cli | 1 | 2,000 | 0 |" in guarantees.fuzz()
    assert "| urls | 1 | 3,000 | 0 |" in guarantees.fuzz()


def test_run_with_the_same_seed_is_replaced(tmp_path: Path) -> None:
    figures: Figures = {"runs": [], "fuzz": [], "soak": []}
    file = tmp_path / "run.json"
    for seed, faults in ((1, 7), (2, 8), (1, 9)):
        file.write_text(json.dumps(SUMMARY | {"seed": seed, "faults": faults}))
        add(figures, "runs", file)
    assert [(run["seed"], run["faults"]) for run in figures["runs"]] == [(2, 8), (1, 9)]


def test_steps_of_the_clock_have_the_name_of_the_fault() -> None:
    assert CLOCK_STEPPED == NAME_OF_STEPS


def test_figures_of_runs_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = figures_of(SUMMARY, "2026-01-31")
    assert tuple(run) == RUN
    figures = {"runs": [run, run], "fuzz": [], "soak": []}
    monkeypatch.setattr(guarantees, "_figures", lambda: figures)
    assert "| 12345 | 3.5.16 | etcd3 | 0.1.0 | 5.0 | 7 | 3 | 4 | 3 | 1,010 |" in guarantees.runs()
    assert (
        "| all |  |  |  |  | 10 | 14 | 6 | 8 | 6 | 2,020 | 68 | 40 | 4 | 0 |" in guarantees.runs()
    )
    assert "In the runs with faults: 68 commands." in guarantees.promises()
    assert guarantees.fuzz() == guarantees.NONE_YET


def test_levels_of_a_soak_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: Figures = {"runs": [], "fuzz": [], "soak": []}
    monkeypatch.setattr(guarantees, "_figures", lambda: figures)
    assert guarantees.levels() == guarantees.NONE_YET
    names = ("name", "pid", "resource", "before", "after")
    levels = [
        dict(zip(names, ("simulator", 7, *values), strict=True))
        for values in (("memory_kb", 50_000, 60_500), ("threads", 5, 6), ("descriptors", 9, 9))
    ]
    file = tmp_path / "run.json"
    file.write_text(json.dumps(SUMMARY | {"levels": levels}))
    add(figures, "soak", file)
    assert "| simulator | 51.2, then 62.0 | 5, then 6 | 9, then 9 |" in guarantees.levels()
