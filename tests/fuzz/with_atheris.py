"""Program that searches with Atheris, guided by all branches of the product.

``python -m tests.fuzz.with_atheris KIND`` takes further options of libFuzzer, such as
``-runs=100000``, and a directory for the bytes of which Hypothesis makes inputs. It ends at the
first defect with exit code 77. Atheris has wheels for some processors and versions of Python only.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import atheris
import hypothesis
from hypothesis import HealthCheck, settings

from tests.fuzz.environment import drop_addresses

__all__ = ["main"]

PRODUCT = ["ska_sdp_config", "ska_sdp_lmc", "ska_sdp_web"]

OPTIONS = [
    # Each check has a limit of its own, and uses the same signal for it.
    "-timeout=0",
    # Long inputs from the beginning: most short ones are too few bytes for any message.
    "-len_control=0",
]
"""Options before those of the command line, which replace them."""


def main() -> None:
    """Search until the first defect."""
    program, *arguments = sys.argv
    with atheris.instrument_imports(include=PRODUCT):
        kinds = importlib.import_module("tests.fuzz.kinds").KINDS
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
    atheris.Setup([program, *OPTIONS, *options], search.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
