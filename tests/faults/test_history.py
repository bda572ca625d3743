"""Recorded histories."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.history import SUFFIX, HistoryWriter, of_kind, read_file, read_run


def test_operation_survives_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "history"
    with HistoryWriter(path, "one") as history:
        written = history.begin("increment")
        written.details = {"values": {"/a": None}, "mark": "one.0#1"}
        history.attempt(written)
        written.details = {"values": {"/a": "1"}, "mark": "one.0#2"}
        history.attempt(written)
        history.end(written, "ok", 7, error="none")
    (read,) = read_file(path)
    assert read == written
    assert read.name == "one.0"
    assert read.details["mark"] == "one.0#2"
    assert read.began < read.ended


def test_operations_without_an_answer_are_unknown(tmp_path: Path) -> None:
    """Killed clients leave such operations, and an incomplete line."""
    path = tmp_path / "history"
    with HistoryWriter(path, "one") as history:
        history.begin("increment", mark="one.0#1")
        history.note("event", value=1)
    with path.open("a") as file:
        file.write('{"client":"one","number":1,"en')
    event, increment = read_file(path)
    assert (event.kind, event.outcome) == ("event", "ok")
    assert (increment.outcome, increment.details) == ("unknown", {"mark": "one.0#1"})


def test_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text('{"client":\n')
    with pytest.raises(ValueError, match=r"history:1 is no line of a history"):
        list(read_file(path))


def test_histories_of_a_run_are_merged_by_time(tmp_path: Path) -> None:
    with (
        HistoryWriter(tmp_path / f"one{SUFFIX}", "one") as one,
        HistoryWriter(tmp_path / f"two{SUFFIX}", "two") as two,
    ):
        first = one.begin("a")
        two.note("b")
        one.end(first, "failed")
        one.note("b")
    operations = read_run(tmp_path)
    assert [each.name for each in operations] == ["one.0", "two.0", "one.1"]
    assert [each.name for each in of_kind(operations, "b")] == ["two.0", "one.1"]


def test_run_is_shown_a_line_for_each_operation(tmp_path: Path) -> None:
    with HistoryWriter(tmp_path / f"one{SUFFIX}", "one") as one:
        one.end(one.begin("increment", mark="m"), "ok", 7)
        one.begin("take", path="/a")
    shown = subprocess.run(
        [sys.executable, "-m", "tests.faults.show", str(tmp_path), "--kind", "increment"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (line,) = shown.splitlines()
    assert line.split()[2:6] == ["one.0", "increment", "ok", "7"]
