"""Values of a subarray's attributes that the database implies, by the pure model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ska_sdp_config.lmc.derive import SubarrayView
from ska_sdp_config.lmc.health import health
from ska_sdp_config.lmc.observe import observe, read_snapshot
from tests.faults.checkers.revision_times import by_revision
from tests.faults.database_log import Change

__all__ = ["LATE", "Implied", "Value", "implied_values"]

Value = str | int

LATE: Mapping[str, Value] = {"obsState": "FAULT", "healthState": "DEGRADED"}
"""Values that a device can show after a deadline, before it has written the timeout."""


@dataclass(frozen=True, slots=True)
class Implied:
    """Value of an attribute since a revision.

    Attributes:
        revision: the revision.
        value: the value; the label of an enumeration.
        deadline: wall time at which the device may find a timeout, infinite without one.
    """

    revision: int
    value: Value
    deadline: float = math.inf


@dataclass
class _Values:
    """Values that the views imply one after the other, by attribute."""

    found: dict[str, list[Implied]] = field(default_factory=dict)
    count: int = 0

    def add(self, revision: int, view: SubarrayView) -> None:
        deadline = math.inf if view.deadline is None else view.deadline.timestamp()
        if view.transient is not None and view.command_count > self.count:
            # Published before the final value, also if that is of the same revision.
            self._append("obsState", Implied(revision, view.transient.name))
        self.count = view.command_count
        self._append("obsState", Implied(revision, view.obs_state.name, deadline))
        self._append("scanID", Implied(revision, view.scan_id))
        shown = health(view.faults, None).name
        self._append("healthState", Implied(revision, shown, deadline))

    def _append(self, name: str, implied: Implied) -> None:
        values = self.found.setdefault(name, [])
        last = values[-1] if values else None
        if last is None or (last.value, last.deadline) != (implied.value, implied.deadline):
            values.append(implied)


def implied_values(changes: Iterable[Change], subarray_id: str) -> dict[str, list[Implied]]:
    """Return the values of obsState, scanID and healthState, oldest first."""
    texts: dict[str, str] = {}
    required: set[str] = set()

    def read(paths: Iterable[str]) -> dict[str, str | None]:
        wanted = list(paths)
        required.update(wanted)
        return {path: texts.get(path) for path in wanted}

    values = _Values()
    values.add(0, observe(read_snapshot(subarray_id, 0, read)))
    for revision, group in by_revision(changes):
        is_relevant = False
        for change in group:
            is_relevant |= change.path in required
            if change.value is None:
                texts.pop(change.path, None)
            else:
                texts[change.path] = change.value
        if is_relevant:
            required.clear()
            values.add(revision, observe(read_snapshot(subarray_id, revision, read)))
    return values.found
