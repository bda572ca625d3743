"""Summary of a run: what was done, under which faults, and what was violated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.faults.checkers.recovery import recoveries
from tests.faults.faults.names import KILLED
from tests.faults.history import Operation, of_kind

__all__ = ["summary_of", "text_of"]

MAX_SHOWN = 20
"""Number of violations in the text; the file has all."""

EXCUSED: Mapping[str, str] = {
    "excused_stuck": "states that waited longer, due to outages, steps of the clock or commands",
    "excused_ownership": "messages about ownership, as this etcd may end leases early",
}
"""Words of the text about findings that are no violations, by the name of their number."""


def summary_of(
    operations: Sequence[Operation],
    violations: Sequence[str],
    *,
    seconds: float,
    observations: int,
    **facts: Any,
) -> dict[str, Any]:
    """Return the summary as a document of JSON.

    Args:
        operations: all operations of the run.
        violations: what the checkers found.
        seconds: duration of the run.
        observations: number of observations that were completed.
        facts: further entries, such as the random seed and versions.
    """
    faults = of_kind(operations, "fault")
    begun = [each for each in faults if each.was_in_effect]
    transactions = [each for each in operations if "mark" in each.details]
    return {
        **facts,
        "seconds": round(seconds, 1),
        "faults": len(begun),
        "faults_by_kind": _counts(each.details["fault"] for each in begun),
        "kills": sum(each.details["fault"].endswith(f" {KILLED}") for each in begun),
        "faults_not_possible": _counts(
            each.details["fault"] for each in faults if not each.was_in_effect
        ),
        "observations": observations,
        "transactions": _counts(each.outcome for each in transactions),
        "commands": _counts(each.outcome for each in of_kind(operations, "command")),
        "operations_by_kind": _counts(each.kind for each in operations if each.outcome == "ok"),
        "recovery": [
            {
                "fault": each.fault,
                "client": each.program,
                "samples": each.samples,
                "p50_s": _seconds(each.p50),
                "p90_s": _seconds(each.p90),
                "max_s": _seconds(each.most),
            }
            for each in recoveries(operations)
        ],
        "violations": list(violations),
    }


def text_of(summary: Mapping[str, Any]) -> str:
    """Return a summary as text, without the recovery times of each kind of client."""
    run = "random seed {seed}, etcd {etcd}, backend {backend}, {seconds:.0f} s".format(**summary)
    commands = _listed(summary["commands"])
    lines = [
        run,
        f"{summary['faults']} faults: {_listed(summary['faults_by_kind'])}",
        *summary["skipped"],
        f"{summary['observations']} observations completed; commands: {commands}",
        f"transactions: {_listed(summary['transactions'])}",
        *(f"ended by itself: {each}" for each in summary["endings"]),
        *(f"excused: {summary[name]} {what}" for name, what in EXCUSED.items() if summary[name]),
    ]
    violations = summary["violations"]
    lines.append(f"{len(violations)} violations; {summary['standing']} stable values were checked")
    lines += [f"  {each}" for each in violations[:MAX_SHOWN]]
    return "\n".join(lines)


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _seconds(value: float) -> float | None:
    """Return a time with milliseconds, None if it is infinite: JSON has no infinity."""
    return round(value, 3) if math.isfinite(value) else None
