"""Program that checks the histories of a run again: ``python -m tests.faults.check DIRECTORY``."""

from __future__ import annotations

import argparse
import json
import math
import sys
from bisect import bisect_left
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

from tests.faults.checkers import early_ends
from tests.faults.checkers.durations import check_durations
from tests.faults.checkers.events import Period, Standing, Subscription
from tests.faults.checkers.progress import LONG_RUN_S, check_progress, duration
from tests.faults.checkers.stuck import check_stuck, too_many_excused
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.database_log import DATABASE_LOG, Change, read_log
from tests.faults.faults.names import (
    CLOCK_STEPPED,
    DEVICE_SERVER,
    KILLED,
    NOT_SHOWN,
    QUOTA_EXCEEDED,
    SUSPENDED,
    TANGO_DATABASE,
)
from tests.faults.history import NEVER, Operation, of_kind, read_run
from tests.faults.keeper import CRASHES
from tests.faults.limits import START_S
from tests.faults.resources import SAMPLES, growths, read_samples
from tests.faults.running import Findings, end_of, find_all
from tests.faults.transactions import DATA

__all__ = ["LIMIT_S", "RUN_FILE", "SETTLED", "check_directory", "check_run"]

LIMIT_S = 15.0
"""Seconds after which subscribers have to show a stable value: a Tango client detects within
ten that a server was killed, and a server needs some to start."""

RUN_FILE = "run.json"
"""Summary of a run, written when it was checked."""

SETTLED = "settled"
"""Empty file, written when a run has settled and its clients have ended."""

OUTAGE_S = 2.5
"""Seconds without an answer after which there is an outage."""

WAITING = ("increment", "append", "transfer", "audit", "open", "take", "look", "read")
"""Kinds of operations that wait for the database."""

DELAYING: Mapping[str, float] = {
    # gRPC measures the timeouts of its calls by the wall clock: a step moves them. A call that has
    # begun in one ahead ends only when the connection responds, or is found dead.
    CLOCK_STEPPED: SEEN_WITHIN_S + 2.0,
    # A client needs it for its first command.
    f"{TANGO_DATABASE} {KILLED}": 2.0,
    f"{TANGO_DATABASE} {SUSPENDED}": 2.0,
    f"{DEVICE_SERVER} {SUSPENDED}": 2.0,
    # It has to start.
    f"{DEVICE_SERVER} {KILLED}": START_S,
}
"""Faults in which a command may take longer than promised, and the seconds after them."""


def excused(operations: Sequence[Operation]) -> list[Period]:
    """Return the periods in which subscribers may show other values: start, faults, outages."""
    kinds = {each.details["fault"] for each in of_kind(operations, "fault")}
    faults = periods(operations, kinds.difference(NOT_SHOWN))
    # On a busy machine, servers may need long for their first connection.
    start = [(-math.inf, faults[0][0])] if faults else []
    return [*start, *faults, *outages(operations)]


def restarts(operations: Sequence[Operation]) -> list[Period]:
    """Return the periods in which a device server starts."""
    killed = periods(operations, {f"{DEVICE_SERVER} {KILLED}"})
    return [(begin, end + START_S) for begin, end in killed]


def unreachable(operations: Sequence[Operation]) -> list[Period]:
    """Return the periods in which clients lose a subscription, or cannot subscribe again.

    The device server does not respond, or starts; or the Tango database does not respond, where
    clients find it; or a step back of the clock stops the heartbeat of the servers.
    """
    names = {f"{part} {SUSPENDED}" for part in (DEVICE_SERVER, TANGO_DATABASE)}
    found = periods(operations, {*names, CLOCK_STEPPED})
    database = periods(operations, {f"{TANGO_DATABASE} {KILLED}"})
    starts = [(begin, end + START_S) for begin, end in database]
    return [*found, *restarts(operations), *starts]


def periods(operations: Iterable[Operation], names: Container[str]) -> list[Period]:
    """Return the periods of some kinds of faults.

    One that could not begin may have had an effect: it has filled the database, and compacted it.
    """
    return [
        (fault.began.monotonic, fault.ended.monotonic)
        for fault in of_kind(operations, "fault")
        if fault.details["fault"] in names
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


def standing_of(operations: Sequence[Operation], limit_s: float, subarray: str) -> Standing:
    """Return the limit of the time within which subscribers of a subarray have to show a value.

    Faults of the parts of other subarrays excuse nothing.

    Args:
        operations: all operations of the run.
        limit_s: seconds after which they have to show a stable value.
        subarray: ID of the subarray.
    """
    own = [each for each in operations if each.concerns(subarray)]
    return Standing(limit_s, end_of(operations), excused(own), restarts(own), unreachable(own))


def delays(operations: Iterable[Operation], subarray: str) -> list[Period]:
    """Return the periods in which a command to a subarray may take longer than promised."""
    own = [each for each in operations if each.concerns(subarray)]
    return [
        (begin, end + after_s)
        for name, after_s in DELAYING.items()
        for begin, end in periods(own, {name})
    ]


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
        limit_s: seconds after which subscribers have to show a stable value.
        has_settled: whether mirrors had time to show the last change.
    """
    settled = 0
    if has_settled:
        settled = max((each.revision for each in changes if each.path.startswith(DATA)), default=0)
    found = find_all(
        operations,
        changes,
        standing_of=partial(standing_of, operations, limit_s),
        settled=settled,
    )
    in_effect = [each for each in operations if each.was_in_effect]
    # A full database rejects the writes of devices, also that of a timeout.
    full = periods(in_effect, {QUOTA_EXCEEDED})
    steps = periods(in_effect, {CLOCK_STEPPED})
    stuck, excused_stuck = check_stuck(operations, changes, [*full, *outages(operations)])
    violations = [
        *found.violations,
        *check_durations(operations, partial(delays, operations)),
        *stuck,
        *too_many_excused(excused_stuck, duration(operations), len(steps)),
        *early_ends.too_many_excused(found.excused_ownership, duration(operations)),
        *check_progress(operations, changes, limit_s, outages(operations)),
        *(unchecked(operations, found.standing) if has_settled else ()),
    ]
    return found._replace(violations=violations, excused_stuck=excused_stuck)


def unchecked(operations: Sequence[Operation], standing: Collection[Subscription]) -> list[str]:
    """Return a message for each subscription of a long run of which no value had to be shown.

    In a short run, one with a value is sufficient.
    """
    reason = "no value was stable for longer than the limit: nothing was checked"
    if not standing:
        return [reason]
    if duration(operations) < LONG_RUN_S:
        return []
    subscriptions = {
        (each.client, attribute)
        for each in of_kind(operations, "subscribed")
        for attribute in each.details["attributes"]
    }
    return [
        f"{client}: {attribute}: {reason}"
        for client, attribute in sorted(subscriptions)
        if (client, attribute) not in standing
    ]


def check_directory(
    directory: Path, *, limit_s: float = LIMIT_S, has_settled: bool
) -> tuple[Findings, list[Operation], list[Change]]:
    """Return what all checkers find in the files of a run, its operations and its changes.

    Args:
        directory: directory of the run.
        limit_s: see ``check_run``.
        has_settled: see ``check_run``.
    """
    operations = read_run(directory)
    changes = list(read_log(directory / DATABASE_LOG))
    found = check_run(operations, changes, limit_s=limit_s, has_settled=has_settled)
    crashes, samples = directory / CRASHES, directory / SAMPLES
    if crashes.exists():
        for line in crashes.read_text().splitlines():
            found.violations.extend(json.loads(line))
    elif has_settled:
        found.violations.append(f"{crashes} is missing: crashes of parts were not recorded")
    if samples.exists():
        found.violations.extend(growths(read_samples(samples)))
    return found, operations, changes


def was_settled(directory: Path) -> bool:
    """Return whether a run has settled, also if it was not checked then."""
    run_file = directory / RUN_FILE
    return (directory / SETTLED).exists() or (
        # Recordings without the other file.
        run_file.exists() and bool(json.loads(run_file.read_text())["has_settled"])
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", type=Path, help="directory of the histories")
    arguments.add_argument(
        "--limit", type=float, default=LIMIT_S, help="seconds for subscribers to show a value"
    )
    options = arguments.parse_args()
    has_settled = was_settled(options.directory)
    found, *_ = check_directory(options.directory, limit_s=options.limit, has_settled=has_settled)
    for each in found.violations:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(
        f"{len(found.violations)} violations; {sum(found.standing.values())} stable values were "
        "checked\n"
    )
    sys.exit(1 if found.violations else 0)


if __name__ == "__main__":
    main()
