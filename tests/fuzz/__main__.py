"""Program that checks many inputs of each kind, and prints their number and the defects."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.fuzz import corpus
from tests.fuzz.environment import drop_addresses
from tests.fuzz.kinds import KINDS
from tests.fuzz.running import Outcome, fuzz

DEFAULT_INPUTS = 10_000


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(kind: str, options: argparse.Namespace) -> Outcome:
    found: list[Any] = []
    outcome = fuzz(KINDS[kind], options.inputs, options.seed, options.seconds, found.append)
    _say(str(outcome))
    for defect in outcome.defects:
        _say(f"  defect, seed {defect.seed}: {json.dumps(defect.case)}")
        _say("".join(f"    {line}\n" for line in defect.text.splitlines()))
    if options.keep:
        # The last ones were the hardest to find.
        _say(f"  {corpus.add(kind, found[-options.keep :])} inputs added to the corpus")
    return outcome


def main() -> int:
    """Run the search; return 1 if there are defects."""
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument(
        "--inputs",
        type=int,
        default=int(os.environ.get("FUZZ_INPUTS", DEFAULT_INPUTS)),
        help="inputs of each kind (FUZZ_INPUTS)",
    )
    parser.add_argument("--seconds", type=float, default=float("inf"), help="time for each kind")
    parser.add_argument(
        "--seed",
        type=int,
        default=int(os.environ.get("FUZZ_SEED") or time.time()),
        help="seed of the first round (FUZZ_SEED)",
    )
    parser.add_argument("--keep", type=int, default=0, help="inputs to add to the corpus")
    parser.add_argument("--json", type=Path, help="file for the numbers of inputs and defects")
    options = parser.parse_args()
    unknown = set(options.kinds) - set(KINDS)
    if unknown:
        parser.error(f"unknown kind {min(unknown)!r}: expected one of {', '.join(KINDS)}")
    drop_addresses()
    if options.json:
        # Before the search, which may take hours.
        options.json.parent.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    for kind in options.kinds or KINDS:
        outcomes.append(_run(kind, options))
        if options.json:
            figures = [each.figures() for each in outcomes]
            options.json.write_text(json.dumps(figures, indent=2) + "\n")
    inputs = sum(each.inputs for each in outcomes)
    defects = sum(len(each.defects) for each in outcomes)
    _say(f"{inputs} inputs, {defects} defects")
    return int(defects > 0)


if __name__ == "__main__":
    sys.exit(main())
