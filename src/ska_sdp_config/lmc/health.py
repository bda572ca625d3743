"""Health of a device: faults, their sentences, and the healthState that follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_config.lmc.times import iso

__all__ = [
    "MAX_SENTENCES",
    "Fault",
    "Outage",
    "health",
    "offline_component",
    "seen_since",
    "sentences",
    "unreadable",
]

MAX_SENTENCES = 64
"""Length of healthInfo: Tango fails all later reads after a value above the limit."""

_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """Fault that affects the health of a device.

    Attributes:
        key: identifies the fault while it lasts.
        text: description, a sentence without its full stop.
        since: start of the fault if the database has it. A device keeps the first value, or the
            time when it first found the fault.
        about: path of the entry at fault, empty if it is none.
    """

    key: str
    text: str
    since: datetime | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Outage:
    """Outage of the database, or its rejection of a device's reads or writes.

    Attributes:
        address: address of the database.
        since: time of the last response, of the first request if there was none, or of the first
            rejection.
        before_first: whether it has not responded since the device started.
        rejection: description and what to do, a sentence; None for an outage.
    """

    address: str
    since: datetime
    before_first: bool = False
    rejection: str | None = None

    def fault(self) -> Fault:
        """Return the outage as a fault."""
        if self.rejection is not None:
            return Fault("database rejects", self.rejection.rstrip("."), self.since)
        return Fault(
            "database", f"The configuration database at {self.address} does not answer", self.since
        )


def offline_component(name: str) -> Fault:
    """Return the fault of a required component that is not alive."""
    text = f"Component {name} is OFFLINE"
    return Fault(f"component {name}", text, about=paths.component(name))


def unreadable(path: str) -> Fault:
    """Return the fault of a text that is not a JSON object."""
    return Fault(f"text {path}", f"{path} holds no JSON object", about=path)


def health(faults: Iterable[Fault] | None, outage: Outage | None) -> HealthState:
    """Return the healthState of a device; its faults are None before the first view."""
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
    """Return the start of each fault by its key.

    This is the start in the previous result, that of the fault itself, or the present time.
    """
    return {fault.key: before.get(fault.key) or fault.since or now for fault in faults}


def sentences(faults: Sequence[Fault], since: Mapping[str, datetime]) -> list[str]:
    """Return the value of healthInfo for faults, the worst first, and their starts by key.

    Returns:
        At most MAX_SENTENCES sentences; the last one counts the omitted faults.
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
