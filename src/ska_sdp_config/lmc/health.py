"""Health: each fault is a sentence with the time since when, and they add up to a healthState."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ska_sdp_config.lmc.states import HealthState
from ska_sdp_config.lmc.times import iso

__all__ = ["MAX_SENTENCES", "Fault", "Outage", "health", "seen_since", "sentences"]

MAX_SENTENCES = 64
"""Length of healthInfo; one longer would break the attribute for good (design/pytango.md)."""

_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong.

    Attributes:
        key: what tells it from others, the same as long as it lasts.
        text: what is wrong, a sentence without its full stop.
        since: when it began, as far as the database says; the device remembers what it said at
            first, or when it first saw the fault.
    """

    key: str
    text: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """The database does not answer, or rejects what the device reads or writes.

    Attributes:
        address: where it should be.
        since: when it answered last, or when the device began to ask; or when it was first
            found to reject.
        before_first: it has not answered since the device started.
        rejection: what it rejects and what to do, a sentence; None when it does not answer.
    """

    address: str
    since: datetime
    before_first: bool = False
    rejection: str | None = None

    def fault(self) -> Fault:
        """The outage as a fault."""
        if self.rejection is not None:
            return Fault("database rejects", self.rejection.rstrip("."), self.since)
        return Fault(
            "database", f"The configuration database at {self.address} does not answer", self.since
        )


def health(faults: Iterable[Fault] | None, outage: Outage | None) -> HealthState:
    """Add faults up.

    Args:
        faults: what is wrong by the database, None before the first answer.
        outage: set while the database does not answer, or rejects what the device needs.
    """
    if outage is not None and outage.rejection is not None:
        return HealthState.FAILED
    if faults is None or (outage is not None and outage.before_first):
        return HealthState.UNKNOWN
    if outage is not None:
        return HealthState.FAILED
    return HealthState.DEGRADED if any(True for _ in faults) else HealthState.OK


def seen_since(
    before: Mapping[str, datetime], faults: Iterable[Fault], now: datetime
) -> Mapping[str, datetime]:
    """Remember since when each fault is there.

    Args:
        before: what was remembered.
        faults: what is wrong now.
        now: the time for those seen first.
    """
    return {fault.key: before.get(fault.key) or fault.since or now for fault in faults}


def sentences(faults: Sequence[Fault], since: Mapping[str, datetime]) -> list[str]:
    """Write healthInfo.

    Args:
        faults: what is wrong, the worst first.
        since: since when, by key.

    Returns:
        At most 64 sentences; the last says how many more there are.
    """
    lines = [_sentence(fault, since.get(fault.key, fault.since)) for fault in faults]
    if len(lines) <= MAX_SENTENCES:
        return lines
    shown = MAX_SENTENCES - 1
    return [*lines[:shown], f"{len(lines) - shown} more faults are not listed."]


def _sentence(fault: Fault, since: datetime | None) -> str:
    text = " ".join(fault.text.split())
    if len(text) > _MAX_LENGTH:
        text = text[: _MAX_LENGTH - 1] + "…"
    return f"{text}, since {iso(since)}." if since else f"{text}."
