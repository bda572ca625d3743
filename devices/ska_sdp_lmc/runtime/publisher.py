"""Publication of views: values of attributes, and their events in order."""

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
    """Target of a publisher: the device."""

    def monitor(self) -> AbstractContextManager[Any]:
        """Acquire the device's monitor, which is reentrant."""
        ...

    def set_state_and_status(self, state: State, status: str) -> None:
        """Set State and Status."""
        ...

    def push(self, name: str, value: Any, when: float) -> None:
        """Push events of every kind for an attribute, with the time of its value."""
        ...


class Publisher:
    """Publishes views from any thread; drops those that are older than the published one.

    A publication holds the device's monitor, so a read of a client or another publication comes
    entirely before or after it. No other lock is held while events are pushed.

    Args:
        sink: the device.
        database: address of the database, for the Status before the first view.
        confirmed: returns when the database last confirmed the published values, in s since 1970.
        now: clock; tests replace it.
    """

    def __init__(
        self,
        sink: AttributeSink,
        database: str,
        confirmed: Callable[[], float] = time.time,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._sink = sink
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

    def publish_initial(self) -> None:
        """Publish the values before the first view: State INIT, healthState UNKNOWN."""
        self._show({"State": State.INIT, "Status": self._waiting, **self._health()})

    def show_misconfigured(self, why: str) -> None:
        """Publish the health of a device with an invalid setting; the caller holds the monitor.

        Args:
            why: the invalid setting, a sentence.
        """
        self._show({"healthState": HealthState.FAILED, "healthInfo": [why]})

    @property
    def revision(self) -> int:
        """Newest published revision of the database; 0 before the first view."""
        return max(self._revisions.values(), default=0)

    def reset_revisions(self) -> None:
        """Accept the next view whatever its revision, as the database was restored."""
        with self._sink.monitor():
            self._revisions.clear()
            self._command_count = self._view = None

    @property
    def has_view(self) -> bool:
        """Whether a view was published."""
        return self._command_count is not None

    @property
    def view(self) -> View | None:
        """Last published view with all attributes."""
        return self._view

    def read(self, name: str) -> tuple[Any, float] | None:
        """Return an attribute's value and the time of its confirmation; None before a view."""
        if name not in self._values:
            return None
        return self._values[name], self._confirmed()

    def publish(self, view: View) -> Mapping[str, Any]:
        """Publish a view unless one of its revision or a newer one is published.

        After a new command its transient obsState is pushed first, then all other attributes,
        then the final obsState.

        Args:
            view: the view; it may contain only some attributes.

        Returns:
            The attributes that have changed.
        """
        # After the end of the server, acquiring a monitor would abort the process.
        if self._closed:
            return {}
        with self._sink.monitor():
            if self._closed:
                return {}
            # One view per revision, unless a timeout expires.
            newest_dropped = view.revision - 1
            if view.timed_out and not (self._view and self._view.timed_out):
                newest_dropped = view.revision
            shown = self._revisions
            fresh = {
                name: value
                for name, value in view.values.items()
                if shown.get(name, -1) <= newest_dropped
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
        """Publish an outage or rejection, None for its end."""
        if self._closed:
            return
        with self._sink.monitor():
            if self._closed:
                return
            self._outage = outage
            shown = self._health()
            if self._values.get("State") is State.INIT:
                # Before the first view, Status shows the reason.
                rejection = outage.rejection if outage is not None else None
                shown["Status"] = rejection or self._waiting
            self._show(shown)

    def close(self) -> None:
        """Drop all later views: they belong to the device before its Init or end."""
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
            # Most values are unchanged: compare before converting.
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
    """Escape what Tango strings cannot hold: they are Latin-1 and end at a NUL."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
