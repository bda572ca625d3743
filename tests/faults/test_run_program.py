"""Program that runs everything under faults: its exit, its output and its directory."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults import run as program
from tests.faults import soak
from tests.faults.check import RUN_FILE, SETTLED, was_settled
from tests.faults.database_log import DATABASE_LOG
from tests.faults.history import HistoryWriter
from tests.faults.keeper import CRASHES
from tests.faults.nemesis import Group, Pace
from tests.faults.run import Run, execute
from tests.faults.running import history_of
from tests.faults.scene import Plan
from tests.services.etcd import version_of
from tests.services.versions import program_of

pytestmark = pytest.mark.usefixtures("restored_signals")

MODULE = "tests.faults"

CRASH = "simulator ended with exit code 1"


def plan(directory: Path, **options: Any) -> Plan:
    return Plan(directory, program_of("3.4"), "etcd3", 5, **options)


class Recorded(Run):
    """Run of one client, whose history is written instead."""

    def run(self) -> None:
        directory = self.plan.directory
        (directory / "stack").mkdir()
        (directory / DATABASE_LOG).touch()
        (directory / CRASHES).write_text(json.dumps([CRASH]))
        with HistoryWriter(history_of(directory, "counter-1"), "counter-1") as history:
            history.note("increment", 5)


class Good(Recorded):
    """Run that breaks no promise."""

    def check(self) -> dict[str, Any]:
        return super().check() | {"violations": []}


def test_run_that_breaks_a_promise_fails_and_prints_how_to_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "5-run"
    directory.mkdir()
    monkeypatch.setattr(program, "DIRECTORIES", tmp_path)
    run = Recorded(plan(directory), Pace(), 40, 5)
    assert not execute(run)
    output = capsys.readouterr().out
    assert "the counter is 0, after 1 to 1 increments" in output
    assert CRASH in output
    assert f"failed with random seed 5; its history is kept in {directory}" in output
    assert f"run again: {run.command()}" in output
    # The printed command checks it again, with the same violations.
    again = shlex.split(output.rpartition("check again: ")[2])
    done = subprocess.run(
        [sys.executable, *again[1:]], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "the counter is 0" in done.stdout
    assert CRASH in done.stdout
    recorded = json.loads((directory / RUN_FILE).read_text())["violations"]
    assert f"{len(recorded)} violations; 0 stable values were checked" in done.stdout


class Scened:
    """Scene whose run ends at once, by an error if there are to be faults."""

    skipped: Sequence[str] = ()

    def __init__(self, plan: Plan) -> None:
        del plan

    def __enter__(self) -> Scened:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: there are no processes."""

    def groups(self) -> list[Group]:
        return []

    def settle(self, seconds: float) -> None:
        """Do nothing: there are no clients."""


@pytest.mark.parametrize("faults", [0, 1])
def test_run_is_marked_as_settled_before_its_check(
    faults: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "Scene", Scened)
    run = Run(plan(tmp_path), Pace(), faults, 5)
    if faults:
        # Without a group there is none to choose.
        with pytest.raises(ValueError, match="min"):
            run.run()
    else:
        run.run()
    assert (tmp_path / SETTLED).exists() is (faults == 0)
    assert was_settled(tmp_path) is (faults == 0)


@pytest.mark.parametrize("is_default", [True, False])
def test_good_run_keeps_its_summary_only_in_a_directory_of_its_own(
    is_default: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "5-run"
    directory.mkdir()
    monkeypatch.setattr(program, "DIRECTORIES", tmp_path if is_default else tmp_path / "other")
    assert execute(Good(plan(directory), Pace(), 40, 5))
    kept = {each.name for each in directory.iterdir()}
    assert RUN_FILE in kept
    assert (kept == {RUN_FILE}) is is_default


class Terminated(Recorded):
    """Run that SIGTERM ends, and whose clean-up gets another one."""

    is_clean = False

    def run(self) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            self.is_clean = True


def test_second_sigterm_does_not_interrupt_the_clean_up(tmp_path: Path) -> None:
    run = Terminated(plan(tmp_path), Pace(), 40, 5)
    with pytest.raises(SystemExit, match="ended by SIGTERM"):
        execute(run)
    assert run.is_clean


@pytest.mark.parametrize(
    ("is_soak", "options", "words"),
    [
        (False, {}, ["run", "--faults", "40", "--minutes", "5", "--round", "7"]),
        (
            False,
            {"with_clock": False},
            ["run", "--faults", "40", "--minutes", "5", "--round", "7", "--real-clock"],
        ),
        (
            True,
            {"with_parts": False, "with_clock": False, "is_soak": True},
            ["soak", "--hours", "2.0"],
        ),
    ],
)
def test_command_repeats_the_run(
    is_soak: bool, options: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    minutes = 120 if is_soak else 5
    run = Run(plan(tmp_path, **options), Pace(faults=7), 40, minutes)
    python, _, module, *arguments = shlex.split(run.command())
    assert (python, module) == ("python", f"{MODULE}.{words[0]}")
    common = ["--seed", "5", "--etcd", version_of(program_of("3.4")), "--backend", "etcd3"]
    assert arguments == common + words[1:]


@pytest.mark.parametrize("module", [program, soak])
def test_unknown_etcd_ends_the_program(
    module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arguments = ["--etcd", "3.5.999", "--directory", str(tmp_path / "new")]
    monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
    with pytest.raises(SystemExit, match=r"3\.5\.999"):
        module.main()
    assert not (tmp_path / "new").exists()
