"""Program that checks the histories of a run again: ``python -m tests.faults.check DIRECTORY``."""

from __future__ import annotations

import argparse
import json
import math
import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

from tests.faults.checkers.events import Period
from tests.faults.database_log import Change, read_log
from tests.faults.history import Operation, of_kind, read_run
from tests.faults.running import check_all
from tests.faults.scene import DATABASE_LOG
from tests.faults.transactions import DATA

__all__ = ["CLIENTS_ONLY", "LIMIT_S", "RUN_FILE", "check_run"]

LIMIT_S = 15.0
"""Seconds after which subscribers have to show a value that stands: a Tango client detects within
ten that a server was killed, and a server needs some to start."""

RUN_FILE = "run.json"
"""Summary of a run, written when it has settled."""

OUTAGE_S = 2.5
"""Seconds without an answer after which there is an outage."""

WAITING = ("increment", "append", "transfer", "audit", "open", "take", "look")
"""Kinds of operations that wait for the database."""

CLIENTS_ONLY = ("client killed", "client paused", "compaction every 200 ms")
"""Faults that do not concern what subscribers show."""


def excused(operations: Sequence[Operation]) -> list[Period]:
    """Return the periods in which subscribers may show other values: start, faults, outages."""
    faults = [
        (fault.began.monotonic, fault.ended.monotonic)
        for fault in of_kind(operations, "fault")
        if fault.outcome != "failed" and fault.details["fault"] not in CLIENTS_ONLY
    ]
    # On a busy machine, servers may need long for their first connection.
    start = [(-math.inf, faults[0][0])] if faults else []
    return [*start, *faults, *outages(operations)]


def outages(operations: Iterable[Operation]) -> list[Period]:
    """Return the periods without any answer to a transaction, though some waited for one.

    On a machine that is too busy, the cluster loses its leader without a fault.
    """
    waiting = [each for each in operations if each.kind in WAITING]
    begins = [each.began.monotonic for each in waiting]
    latest_ends = list(accumulate((each.ended.monotonic for each in waiting), max))
    answers = sorted(each.ended.monotonic for each in waiting if each.outcome == "ok")
    found = []
    for before, after in pairwise(answers):
        limit = before + OUTAGE_S
        begun = bisect_left(begins, limit)
        if after > limit and begun and latest_ends[begun - 1] > limit:
            found.append((before, after))
    return found


def check_run(
    operations: Sequence[Operation],
    changes: Sequence[Change],
    *,
    limit_s: float = LIMIT_S,
    has_settled: bool,
) -> list[str]:
    """Return a sentence for each violation in a run.

    Args:
        operations: all operations of the run.
        changes: all changes of its database.
        limit_s: seconds after which subscribers have to show a value that stands.
        has_settled: whether mirrors had time to show the last change.
    """
    settled = 0
    if has_settled:
        settled = max((each.revision for each in changes if each.path.startswith(DATA)), default=0)
    return check_all(
        operations, changes, limit_s=limit_s, settled=settled, excused=excused(operations)
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", type=Path, help="directory of the histories")
    arguments.add_argument(
        "--limit", type=float, default=LIMIT_S, help="seconds for subscribers to show a value"
    )
    options = arguments.parse_args()
    run_file = options.directory / RUN_FILE
    violations = check_run(
        read_run(options.directory),
        list(read_log(options.directory / DATABASE_LOG)),
        limit_s=options.limit,
        has_settled=run_file.exists() and json.loads(run_file.read_text())["has_settled"],
    )
    for each in violations:
        sys.stdout.write(f"{each}\n")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
