"""Search with Atheris: it checks inputs of the product, and ends at a planted defect."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.page import ROOT
from tests.fuzz.kinds import KINDS

pytest.importorskip("atheris", reason="Atheris has no wheel for this system, processor or Python")

pytestmark = pytest.mark.long

MODULE = "tests.fuzz.with_atheris"

DEFECT = 77
"""Exit code of libFuzzer after a defect."""

PLANTED = f"""
import sys
from types import SimpleNamespace

from hypothesis import strategies as st
from {MODULE} import main


def check(case):
    assert case < 5_000, "large"


numbers = SimpleNamespace(cases=st.integers(0, 10_000), check_in_time=check)
sys.modules["tests.fuzz.kinds"] = SimpleNamespace(KINDS={{"numbers": numbers}})
main()
"""


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout


def test_inputs_of_the_product_are_checked() -> None:
    code, output = run("-m", MODULE, "addresses", "-runs=50", "-seed=1")
    assert code == 0, output
    assert "Done 50 runs" in output
    # An input has reached new code of the product; nothing else is instrumented.
    assert re.search(r"\bNEW +cov: [1-9]", output), output


def test_planted_defect_is_found_and_printed(tmp_path: Path) -> None:
    code, output = run(
        "-c", PLANTED, "numbers", "-runs=10000", "-seed=1", f"-artifact_prefix={tmp_path}/"
    )
    assert code == DEFECT, output
    case = int(output.partition("defect: ")[2].split()[0])
    assert case >= 5_000
    assert "AssertionError: large" in output


def test_unknown_kind_is_an_error_that_names_all() -> None:
    code, output = run("-m", MODULE, "nonsense")
    assert code == 1
    assert f"name a kind of input: {', '.join(KINDS)}" in output
