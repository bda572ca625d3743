"""Checker of commands against the history of the subarray's entry.

An accepted command appears exactly once, a rejected one never, one with an unknown outcome at most
once. Commands with a message are found by their transaction ID. The devices choose the ID of the
others, which are assigned by name and time.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from ska_sdp_config.lmc import paths
from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.database_log import Change
from tests.faults.history import Operation, of_kind

__all__ = ["check_commands"]

SUBARRAYS = paths.subarray("")
"""Prefix of the paths of the entries."""


class _Effect(NamedTuple):
    """Effect of a command on the entry of a subarray."""

    revision: int
    command: str
    transaction_id: str


def check_commands(
    operations: Iterable[Operation], changes: Iterable[Change], times: RevisionTimes
) -> list[str]:
    """Return a message for each violation, also of subarrays without a client."""
    by_subarray: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in of_kind(operations, "command"):
        by_subarray[operation.details["subarray"]].append(operation)
    entries: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        subarray = change.path.removeprefix(SUBARRAYS)
        if change.path == paths.subarray(subarray) and "/" not in subarray:
            entries[subarray].append(change)
    violations: list[str] = []
    for subarray in sorted(by_subarray.keys() | entries.keys()):
        commands = by_subarray[subarray]
        effects, wrong = _effects(entries[subarray])
        violations += wrong
        violations += _check_with_id(commands, effects, times)
        known = {each.details["transaction_id"] for each in commands}
        others = [each for each in effects if each.transaction_id not in known]
        unnamed = [each for each in commands if each.details["transaction_id"] is None]
        violations += _check_without_id(unnamed, others, times)
    return violations


def _effects(changes: Iterable[Change]) -> tuple[list[_Effect], list[str]]:
    """Return the effects of commands, and violations of their count."""
    effects, violations = [], []
    count, last = 0, ("", "")
    for change in changes:
        entry = json.loads(change.value or "{}")
        now = entry.get("command_count", 0)
        command = entry.get("last_command") or "", entry.get("transaction_id") or ""
        if change.is_present:
            # Of commands before the log.
            pass
        elif now == count + 1:
            effects.append(_Effect(change.revision, *command))
        elif now != count:
            violations.append(
                f"{change.path} counts {now} commands at {change.revision}, not {count}"
            )
        elif command != last:
            violations.append(
                f"{change.path} names {command} at {change.revision} without a command"
            )
        count, last = now, command
    return effects, violations


def _check_with_id(
    commands: Iterable[Operation], effects: Iterable[_Effect], times: RevisionTimes
) -> Iterable[str]:
    by_id = {each.details["transaction_id"]: each for each in commands}
    by_id.pop(None, None)
    found: Counter[str] = Counter()
    for effect in effects:
        operation = by_id.get(effect.transaction_id)
        if operation is None:
            continue
        found[effect.transaction_id] += 1
        title = _title(operation)
        if effect.command != operation.details["command"]:
            yield f"{title} took effect at {effect.revision} as {effect.command}"
        if operation.outcome == "failed":
            yield f"{title} was rejected, and took effect at {effect.revision}"
        elif found[effect.transaction_id] > 1:
            yield f"{title} took effect again at {effect.revision}"
        elif not _is_possible(operation, effect, times):
            yield f"{title} took effect at {effect.revision}, before it began or after its answer"
    for transaction_id, operation in by_id.items():
        if operation.outcome == "ok" and not found[transaction_id]:
            yield f"{_title(operation)} was accepted, and did not take effect"


def _is_possible(operation: Operation, effect: _Effect, times: RevisionTimes) -> bool:
    """Return whether an effect can have been between the start and the answer of a command."""
    is_begun = operation.began.monotonic <= times.latest(effect.revision)
    return is_begun and (
        operation.outcome == "unknown"
        or operation.ended.monotonic >= times.earliest(effect.revision)
    )


def _check_without_id(
    commands: Iterable[Operation], effects: Iterable[_Effect], times: RevisionTimes
) -> Iterable[str]:
    by_name: defaultdict[str, tuple[list[Operation], list[_Effect]]] = defaultdict(
        lambda: ([], [])
    )
    for operation in commands:
        if operation.outcome != "failed":
            by_name[operation.details["command"]][0].append(operation)
    for effect in effects:
        by_name[effect.command][1].append(effect)
    for accepted, found in by_name.values():
        yield from _assign(accepted, found, times)


def _assign(
    commands: Sequence[Operation], effects: Iterable[_Effect], times: RevisionTimes
) -> Iterable[str]:
    """Assign each effect to the command in progress that ended first.

    Both bounds of the time of an effect increase, so that no other assignment would leave fewer
    commands and effects.
    """
    # Those with an unknown outcome can take effect at any time, and need not.
    coming = sorted(commands, key=attrgetter("began"), reverse=True)
    in_progress: list[tuple[float, int, Operation]] = []
    for effect in effects:
        while coming and coming[-1].began.monotonic <= times.latest(effect.revision):
            command = coming.pop()
            heapq.heappush(in_progress, (_deadline(command), len(coming), command))
        while in_progress and in_progress[0][0] < times.earliest(effect.revision):
            yield f"{_title(heapq.heappop(in_progress)[2])} was accepted, and did not take effect"
        if in_progress:
            heapq.heappop(in_progress)
        else:
            yield (
                f"{effect.command} took effect at {effect.revision}, and no {effect.command} that "
                "was not rejected was in progress"
            )
    for operation in [*coming, *(each for *_, each in in_progress)]:
        if operation.outcome == "ok":
            yield f"{_title(operation)} was accepted, and did not take effect"


def _deadline(operation: Operation) -> float:
    return float("inf") if operation.outcome == "unknown" else operation.ended.monotonic


def _title(operation: Operation) -> str:
    return f"{operation.details['command']} ({operation.name})"
