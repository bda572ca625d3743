"""A test that was late is run again; one that is late each time, or fails otherwise, fails."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

TESTS = """
import pytest
from tests.in_time import in_time, on_time

runs = {}


@pytest.fixture
def run(request):
    runs[request.function] = runs.get(request.function, 0) + 1
    return runs[request.function]


def test_fine(run):
    assert run == 1


def test_late_twice(run):
    on_time(run == 3, f"run {run}")


def test_late_each_time(run):
    on_time(False, f"run {run}")


def test_too_long(run):
    with in_time(0.0):
        pass


def test_too_short(run):
    with in_time(60, 30):
        pass


def test_wrong(run):
    with in_time(60):
        assert run == 2


def test_late_and_then_wrong(run):
    on_time(run > 1, f"run {run}")
    assert run == 3
"""


def test_only_what_was_late_is_run_again(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    program = [sys.executable, "-m", "pytest", "-p", "tests.in_time", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*program, "-rA", f"--rootdir={tmp_path}", "-c/dev/null", tmp_path / "test_it.py"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    said = re.findall(r"^(PASSED|FAILED|LATE) .*::(test_\w+)", done.stdout, re.MULTILINE)
    assert Counter(said) == {
        ("PASSED", "test_fine"): 1,
        ("PASSED", "test_late_twice"): 1,
        ("LATE", "test_late_twice"): 2,
        ("FAILED", "test_late_each_time"): 1,
        ("LATE", "test_late_each_time"): 2,
        ("FAILED", "test_too_long"): 1,
        ("LATE", "test_too_long"): 2,
        ("FAILED", "test_too_short"): 1,
        ("LATE", "test_too_short"): 2,
        ("FAILED", "test_wrong"): 1,
        ("FAILED", "test_late_and_then_wrong"): 1,
        ("LATE", "test_late_and_then_wrong"): 1,
    }
