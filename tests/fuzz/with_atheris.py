"""Program that searches with atheris, which is guided by each branch of the bytecode.

The inputs are those of the strategies: atheris changes the bytes from which they are drawn, and
keeps the bytes that reach a new branch in ``build/fuzz/<kind>``, with which the next run begins.
atheris is not among the locked packages, as not every platform has it: ``pip install atheris``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from tests.docs.page import ROOT

PRODUCT = ["ska_sdp_config", "ska_sdp_lmc", "ska_sdp_web"]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _search(atheris: Any, kind_name: str, options: Sequence[str], directory: Path) -> None:
    with atheris.instrument_imports(include=PRODUCT):
        kind = import_module("tests.fuzz.kinds").KINDS[kind_name]

    @settings(database=None, deadline=None)
    @given(kind.cases)
    def check(case: Any) -> None:
        try:
            kind.check_in_time(case)
        except Exception:
            _say(f"defect: {json.dumps(case)}")
            raise

    directory.mkdir(parents=True, exist_ok=True)
    # The timer of signals is that of the checks.
    arguments = [sys.argv[0], "-handle_alrm=0", f"-artifact_prefix={directory.parent}/", *options]
    atheris.Setup([*arguments, str(directory)], check.hypothesis.fuzz_one_input)
    atheris.Fuzz()


def main(arguments: Sequence[str]) -> int:
    """Search in a kind of input; further arguments are those of libFuzzer."""
    if not arguments:
        _say("Usage: python -m tests.fuzz.with_atheris KIND [-runs=N] [-max_total_time=SECONDS]")
        return 2
    try:
        atheris = import_module("atheris")
    except ModuleNotFoundError:
        _say("Skipped: atheris is not installed; pip install atheris.")
        return 0
    kind, *options = arguments
    _search(atheris, kind, options, ROOT / "build" / "fuzz" / kind)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
