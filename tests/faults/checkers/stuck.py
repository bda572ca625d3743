"""Checker of states that did not continue: a timeout ends each pending obsState."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.states import State
from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.faults.checkers.events import Period, merged, without
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.database_log import Change
from tests.faults.faults.names import DEVICE_SERVER, KEEPING_CONNECTIONS, KILLED
from tests.faults.history import Operation, of_kind
from tests.faults.limits import START_S

__all__ = ["check_stuck", "too_many_excused"]

TIMEOUT_S = 60.0
"""The devices' default timeout of a pending obsState, in seconds."""

ALLOWANCE_S = 10.0
"""Seconds for a device to connect again after an outage, and to find and write the timeout."""

RECONNECT_S = 5.0
"""Seconds after a fault of the cluster or of the network in which a device connects again, and so
reads the database: it repeats both after two seconds at most, and a leader has to be elected."""

STARTS = f"{DEVICE_SERVER} {KILLED}"
"""Fault after which a device starts, and so reads the database."""

EXCUSED_AT_ONCE = 2
"""Number of excused states that a run of any duration may have."""

SECONDS_PER_EXCUSED = 600.0
"""Seconds in which a run may have one more. Few states are pending as long as the timeout, and
half an hour with all faults but steps of the clock has had none of them."""

STEPS_PER_EXCUSED = 4
"""Number of steps of the clock for which a run may have one more: twice the rate of a run whose 40
steps, of up to an hour each, have excused five."""


def check_stuck(
    operations: Iterable[Operation], changes: Iterable[Change], outages: Iterable[Period]
) -> tuple[list[str], int]:
    """Return a message for each state that did not continue, and the number of excused ones.

    Timeouts count from the time of the command by the wall clock. Some steps of the clock make
    them longer.

    Args:
        operations: operations, of which commands, faults, and those of kind ``stuck`` count.
        changes: all changes of the database.
        outages: periods in which a device may not read the database, or not write the timeout.
    """
    operations, changes = list(operations), list(changes)
    outages = merged(outages)
    faults = of_kind(operations, "fault")
    steps = [each for each in faults if "ahead_s" in each.details]
    commands: defaultdict[str, list[Operation]] = defaultdict(list)
    for each in of_kind(operations, "command"):
        if each.outcome != "failed":
            commands[each.details["subarray"]].append(each)
    violations, excused = [], 0
    for each in of_kind(operations, "stuck"):
        sent = commands[each.details["subarray"]]
        if _is_begun_again(each, sent) or _is_in_outage(each, outages):
            excused += 1
            continue
        subarray = each.details["subarray"]
        own = [fault for fault in faults if fault.concerns(subarray)]
        # After an outage, a device reads again what it may have missed.
        read = [*outages, *_readings(own), *_seen(changes, subarray)]
        if _is_longer(each, sent, steps, read):
            excused += 1
        else:
            violations.append(_message(each))
    return violations, excused


def too_many_excused(excused: int, seconds: float, steps: int) -> list[str]:
    """Return a message if so many states are excused that devices may never find a timeout.

    Args:
        excused: number of excused states.
        seconds: duration of the run.
        steps: number of steps of the clock.
    """
    most = EXCUSED_AT_ONCE + int(seconds / SECONDS_PER_EXCUSED) + steps // STEPS_PER_EXCUSED
    if excused <= most:
        return []
    return [f"{excused} states that did not continue are excused, expected at most {most}"]


def _readings(faults: Iterable[Operation]) -> Iterable[Period]:
    """Yield when a device may read the database because of a fault."""
    for fault in faults:
        began, ended, name = fault.began.monotonic, fault.ended.monotonic, fault.details["fault"]
        if not fault.was_in_effect or name in KEEPING_CONNECTIONS:
            continue
        if name == STARTS:
            # A server that has ended reads nothing.
            yield ended, ended + START_S
        else:
            yield began, ended + RECONNECT_S


def _is_begun_again(stuck: Operation, commands: Iterable[Operation]) -> bool:
    """Return whether another client's command may have begun the same state again meanwhile."""
    since, at = stuck.details["since"], stuck.began.monotonic
    return stuck.details["state"] == State.ON.name and any(
        since < each.began.monotonic < at
        and _transient(each.details["command"]) == stuck.details["obs_state"]
        for each in commands
    )


def _transient(command: str) -> str:
    """Return the name of the obsState that a command begins, empty if there is none."""
    transient = TRANSITIONS[command].transient
    return "" if transient is None else transient.name


def _seen(changes: Iterable[Change], subarray_id: str) -> Iterable[Period]:
    """Yield when a device may have read a change of its subarray, blocks or components."""
    entry = paths.subarray(subarray_id)
    linked: set[str] = set()
    for change in changes:
        if change.path == entry:
            linked.add(str(json.loads(change.value or "{}").get("eb_id")))
        kind, _, block = change.path.removeprefix("/").partition("/")
        block = block.partition("/")[0]
        is_block = change.path == paths.processing_block(block)
        if is_block and json.loads(change.value or "{}").get("eb_id") in linked:
            linked.add(block)
        if (
            change.path == entry
            or change.path == paths.component(paths.component_of_subarray(subarray_id))
            or (kind in ("eb", "pb") and block in linked)
        ):
            # What was held back by a fault arrives later.
            yield change.received, change.received + SEEN_WITHIN_S


def _is_in_outage(stuck: Operation, outages: Sequence[Period]) -> bool:
    """Return whether a device had no time after the timeout to find and write it."""
    period = stuck.details["since"] + TIMEOUT_S, stuck.began.monotonic
    return all(stop - start <= ALLOWANCE_S for start, stop in without(period, outages))


def _is_longer(
    stuck: Operation,
    commands: Iterable[Operation],
    steps: Iterable[Operation],
    read: Sequence[Period],
) -> bool:
    """Return whether a step of the clock made the timeout longer.

    A device that stores a time ahead waits for as much longer; as does one that calculates its
    wait while it is behind, which it does when it reads the database.
    """
    since = stuck.details["since"]
    began = accepted = since
    begun = [each for each in commands if each.began.monotonic <= since]
    if begun:
        last = max(begun, key=lambda each: each.began)
        began, accepted = last.began.monotonic, min(last.ended.monotonic, since)
    for step in steps:
        is_ahead = step.details["ahead_s"] > 0
        start = max(began, step.began.monotonic)
        end = min(
            accepted if is_ahead else stuck.began.monotonic, step.ended.monotonic + SEEN_WITHIN_S
        )
        if start <= end and (is_ahead or any(a <= end and start <= b for a, b in read)):
            return True
    return False


def _message(stuck: Operation) -> str:
    details = stuck.details
    return (
        f"{stuck.name}: subarray {details['subarray']} stayed {details['state']} with obsState "
        f"{details['obs_state']} from {details['since']:.3f} until {stuck.began.monotonic:.3f}"
    )
