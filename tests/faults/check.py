"""Program that checks the histories of a run again: ``python -m tests.faults.check DIRECTORY``."""

from __future__ import annotations

import argparse
import json
import math
import sys
from bisect import bisect_left
from collections.abc import Container, Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

from tests.faults.checkers.durations import check_durations
from tests.faults.checkers.events import Period
from tests.faults.checkers.progress import check_progress
from tests.faults.checkers.stuck import check_stuck
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.database_log import DATABASE_LOG, Change, read_log
from tests.faults.faults.parts import (
    DEVICE_SERVER,
    KILLED,
    SIMULATOR,
    SUSPENDED,
    TANGO_DATABASE,
    ClientKilled,
    ClientPaused,
    ClockStepped,
)
from tests.faults.faults.storage import Compactions
from tests.faults.history import NEVER, Operation, of_kind, read_run
from tests.faults.running import Findings, find_all
from tests.faults.transactions import DATA

__all__ = ["LIMIT_S", "NOT_SHOWN", "RUN_FILE", "check_run"]

LIMIT_S = 15.0
"""Seconds after which subscribers have to show a value that stands: a Tango client detects within
ten that a server was killed, and a server needs some to start."""

RUN_FILE = "run.json"
"""Summary of a run, written when it has settled."""

OUTAGE_S = 2.5
"""Seconds without an answer after which there is an outage."""

WAITING = ("increment", "append", "transfer", "audit", "open", "take", "look")
"""Kinds of operations that wait for the database."""

NOT_SHOWN = (
    *(ClientKilled.name, ClientPaused.name, Compactions.name),
    *(f"{part} {what}" for part in (TANGO_DATABASE, SIMULATOR) for what in (KILLED, SUSPENDED)),
)
"""Faults that do not concern what subscribers show."""

DELAYING: Mapping[str, float] = {
    # gRPC measures the timeouts of its calls by the wall clock: a step moves them.
    ClockStepped.name: SEEN_WITHIN_S,
    # A client needs it for its first command.
    f"{TANGO_DATABASE} {KILLED}": 2.0,
    f"{TANGO_DATABASE} {SUSPENDED}": 2.0,
    f"{DEVICE_SERVER} {SUSPENDED}": 2.0,
    # It has to start.
    f"{DEVICE_SERVER} {KILLED}": LIMIT_S,
}
"""Faults in which a command may take longer than promised, and the seconds after them."""


def excused(operations: Sequence[Operation]) -> list[Period]:
    """Return the periods in which subscribers may show other values: start, faults, outages."""
    kinds = {each.details["fault"] for each in of_kind(operations, "fault")}
    faults = periods(operations, kinds.difference(NOT_SHOWN))
    # On a busy machine, servers may need long for their first connection.
    start = [(-math.inf, faults[0][0])] if faults else []
    return [*start, *faults, *outages(operations)]


def periods(operations: Sequence[Operation], names: Container[str]) -> list[Period]:
    """Return the periods of some kinds of faults."""
    return [
        (fault.began.monotonic, fault.ended.monotonic)
        for fault in of_kind(operations, "fault")
        if fault.outcome != "failed" and fault.details["fault"] in names
    ]


def outages(operations: Sequence[Operation]) -> list[Period]:
    """Return the periods without any answer to a transaction, though some waited for one.

    On a machine that is too busy, the cluster loses its leader without a fault.
    """
    killed = {each.details["name"] for each in of_kind(operations, "killed")}
    # The last operation of a killed client never ends, and does not wait.
    waiting = [
        each
        for each in of_kind(operations, *WAITING)
        if each.client not in killed or each.ended != NEVER
    ]
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
) -> Findings:
    """Return what all checkers find in a run.

    Args:
        operations: all operations of the run.
        changes: all changes of its database.
        limit_s: seconds after which subscribers have to show a value that stands.
        has_settled: whether mirrors had time to show the last change.
    """
    settled = 0
    if has_settled:
        settled = max((each.revision for each in changes if each.path.startswith(DATA)), default=0)
    found = find_all(
        operations, changes, limit_s=limit_s, settled=settled, excused=excused(operations)
    )
    delays = [
        (begin, end + after_s)
        for name, after_s in DELAYING.items()
        for begin, end in periods(operations, {name})
    ]
    found.violations.extend(check_durations(operations, delays))
    found.violations.extend(check_stuck(operations, periods(operations, {ClockStepped.name})))
    found.violations.extend(check_progress(operations, LIMIT_S))
    if has_settled and not found.standing:
        found.violations.append("no value stood so long that a subscriber had to show it")
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", type=Path, help="directory of the histories")
    arguments.add_argument(
        "--limit", type=float, default=LIMIT_S, help="seconds for subscribers to show a value"
    )
    options = arguments.parse_args()
    run_file = options.directory / RUN_FILE
    found = check_run(
        read_run(options.directory),
        list(read_log(options.directory / DATABASE_LOG)),
        limit_s=options.limit,
        has_settled=run_file.exists() and json.loads(run_file.read_text())["has_settled"],
    )
    for each in found.violations:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(
        f"{len(found.violations)} violations; {found.standing} values that stood were checked\n"
    )
    sys.exit(1 if found.violations else 0)


if __name__ == "__main__":
    main()
