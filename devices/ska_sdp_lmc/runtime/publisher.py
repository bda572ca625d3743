"""The one place of a device that shows values and pushes events (spec 4.5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from typing import Any, Protocol

from ska_sdp_config.lmc import health
from ska_sdp_config.lmc.health import Fault, Outage
from ska_sdp_config.lmc.states import HealthState, ObsState, State
from ska_sdp_config.lmc.view import View

__all__ = ["AttributeSink", "Publisher"]

OBS_STATE = "obsState"


class AttributeSink(Protocol):
    """What a publisher needs of its device."""

    def monitor(self) -> AbstractContextManager[Any]:
        """Take the device's monitor, again where the thread has it already."""
        ...

    def set_state_and_status(self, state: State, status: str) -> None:
        """Set what the device's State and Status read."""
        ...

    def push(self, name: str, value: Any, when: float) -> None:
        """Push events of each kind for an attribute, valid since a time."""
        ...


class Publisher:
    """Shows views, each newer than the one before, from whatever thread brings them.

    Everything happens under the device's monitor: a client's read, or another publication,
    comes before all of it or after all of it, and no other lock is held while pushing.

    Args:
        surface: the device.
        database: address of the database, for the Status until it answers.
        confirmed: gives the time, in s since 1970, at which the database last confirmed what is
            shown.
        now: the time; a test may bring its own.
    """

    def __init__(
        self,
        surface: AttributeSink,
        database: str,
        confirmed: Callable[[], float] = time.time,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._sink = surface
        self._confirmed = confirmed
        self._now = now
        self._values: dict[str, Any] = {}
        self._revisions: dict[str, int] = {}
        self._command_count: int | None = None
        self._view: View | None = None
        self._faults: tuple[Fault, ...] | None = None
        self._since: Mapping[str, datetime] = {}
        self._outage: Outage | None = None
        self._closed = False
        self._waiting = f"Waits for the configuration database at {database}."

    def begin(self) -> None:
        """Show what there is before the first view: State INIT, and no health known."""
        self._show({"State": State.INIT, "Status": self._waiting, **self._health()})

    def show_misconfigured(self, why: str) -> None:
        """Show the health of a device that cannot work as it is set; the caller has the monitor.

        Args:
            why: what cannot be, a sentence.
        """
        self._show({"healthState": HealthState.FAILED, "healthInfo": [why]})

    @property
    def revision(self) -> int:
        """The newest revision of the database that is shown; 0 before the first view."""
        return max(self._revisions.values(), default=0)

    def reset_revisions(self) -> None:
        """Take whatever view comes next for the first: the database's revisions began anew."""
        with self._sink.monitor():
            self._revisions.clear()
            self._command_count = self._view = None

    @property
    def has_view(self) -> bool:
        """Whether the database has been seen."""
        return self._command_count is not None

    @property
    def view(self) -> View | None:
        """The last whole view shown."""
        return self._view

    def read(self, name: str) -> tuple[Any, float] | None:
        """Get an attribute's value and the time of its last confirmation; None before a view."""
        if name not in self._values:
            return None
        return self._values[name], self._confirmed()

    def publish(self, view: View) -> Mapping[str, Any]:
        """Show a view, unless one that is as new or newer is shown.

        When a command has come since the last view, its transient obsState is pushed first,
        then all other attributes, then the final obsState.

        Args:
            view: what to show; it may leave attributes as they are.

        Returns:
            What has changed by it.
        """
        # Once the server has ended, to ask Tango for a monitor would end the process.
        if self._closed:
            return {}
        with self._sink.monitor():
            if self._closed:
                return {}
            # Of one revision there is one view, but for a time-out, which passes by itself.
            least = view.revision - 1
            if view.timed_out and not (self._view and self._view.timed_out):
                least = view.revision
            shown = self._revisions
            fresh = {
                name: value for name, value in view.values.items() if shown.get(name, -1) <= least
            }
            if not fresh:
                return {}
            shown.update(dict.fromkeys(fresh, view.revision))
            health = {}
            if view.faults is not None:
                self._view = view
                if view.faults != self._faults:
                    self._faults = view.faults
                    health = self._health()
            before, self._command_count = self._command_count, view.command_count
            transient = None
            if before is not None and view.command_count > before and OBS_STATE in fresh:
                transient = view.transient
            return self._show({**fresh, **health}, transient)

    def show_outage(self, outage: Outage | None) -> None:
        """Show that the database does not answer or rejects, or that it serves again."""
        if self._closed:
            return
        with self._sink.monitor():
            if self._closed:
                return
            self._outage = outage
            shown = self._health()
            if self._values.get("State") is State.INIT:
                # Until the first view, clients look at Status to find out why.
                rejection = outage.rejection if outage is not None else None
                shown["Status"] = rejection or self._waiting
            self._show(shown)

    def close(self) -> None:
        """Show nothing any more: what comes late is of a life of the device that has ended."""
        self._closed = True

    def _health(self) -> dict[str, Any]:
        faults = list(self._faults or ())
        if self._outage is not None:
            faults.insert(0, self._outage.fault())
        self._since = health.seen_since(self._since, faults, self._now())
        return {
            "healthState": health.health(self._faults, self._outage),
            "healthInfo": health.sentences(faults, self._since),
        }

    def _show(
        self, values: Mapping[str, Any], transient: ObsState | None = None
    ) -> Mapping[str, Any]:
        known = self._values
        changed: dict[str, Any] = {}
        for name, value in values.items():
            # Most stay as they are, and are what Tango can take already.
            if name not in known or known[name] != value:
                plain = _plain(value)
                if name not in known or known[name] != plain:
                    changed[name] = plain
        self._values.update(changed)
        if "State" in changed or "Status" in changed:
            self._sink.set_state_and_status(self._values["State"], self._values["Status"])
        final = changed.get(OBS_STATE)
        when = self._confirmed()
        if transient is not None:
            self._sink.push(OBS_STATE, transient, when)
            shown = self._values[OBS_STATE]
            final = None if shown is transient else shown
        for name, value in changed.items():
            if name != OBS_STATE:
                self._sink.push(name, value, when)
        if final is not None:
            self._sink.push(OBS_STATE, final, when)
        return changed


def _plain(value: Any) -> Any:
    """Make text fit for Tango, whose strings are Latin-1 and end at a NUL."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
