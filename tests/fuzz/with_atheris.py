"""Coverage-guided fuzzing with Atheris.

``python -m tests.fuzz.with_atheris KIND`` takes further arguments of libFuzzer: ``-runs=100000``,
a corpus directory, where it keeps the byte strings that Hypothesis turns into inputs, or the file
of a defect, which repeats it. The search ends at the first defect with exit code 77. Atheris has
wheels for some systems, processors and versions of Python only.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import atheris
import hypothesis
from hypothesis import HealthCheck, settings

from tests.fuzz.environment import drop_addresses

__all__ = ["main"]

PRODUCT = ["ska_sdp_config", "ska_sdp_lmc", "ska_sdp_web"]

FILES = Path("build", "atheris-")
"""Beginning of the names of the files of defects."""

OPTIONS = [
    # Each check has a limit of its own, and uses the same signal for it.
    "-timeout=0",
    # Long inputs from the beginning: most short ones are too few bytes for any message.
    "-len_control=0",
    f"-artifact_prefix={FILES}",
]
"""Options before those of the command line, which replace them."""


def main() -> None:
    """Search until the first defect, or for the number of inputs of ``-runs``.

    Raises:
        SystemExit: the kind of input is missing or unknown.
    """
    program, *arguments = sys.argv
    with atheris.instrument_imports(include=PRODUCT):
        kinds = importlib.import_module("tests.fuzz.kinds").KINDS
        # The command line imports a verb only when it is used.
        command_line = importlib.import_module("ska_sdp_config.cli.program")
        for module, _ in command_line.VERBS.values():
            importlib.import_module(module, command_line.__package__)
    if not arguments or arguments[0] not in kinds:
        sys.exit(f"name a kind of input: {', '.join(kinds)}")
    kind, *options = arguments
    check = kinds[kind].check_in_time

    @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(kinds[kind].cases)
    def search(case: Any) -> None:
        try:
            check(case)
        except Exception:
            sys.stdout.write(f"defect: {json.dumps(case)}\n")
            sys.stdout.flush()
            raise

    drop_addresses()
    FILES.parent.mkdir(exist_ok=True)
    atheris.Setup([program, *OPTIONS, *options], search.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
