"""Publication of views: values of attributes, and their events in order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from typing import Any, Protocol

import tango

from ska_sdp_config.lmc import health
from ska_sdp_config.lmc.health import Fault, Outage
from ska_sdp_config.lmc.states import HealthState, ObsState, State
from ska_sdp_config.lmc.view import View, status_text
from ska_sdp_lmc.observability.metrics import EventCount
from ska_sdp_lmc.runtime.attributes import Attribute

__all__ = ["AttributeSink", "Publisher", "TangoSink", "to_tango_state"]

LOGGER = logging.getLogger(__name__)

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


class TangoSink:
    """Tango device as the target of a publisher.

    Change, archive and alarm events of every attribute are pushed from code. Without alarm events
    from code, one subscription to them corrupts the change events of all clients (decision 16).

    Args:
        device: the device during its initialisation.
    """

    def __init__(self, device: tango.server.Device) -> None:
        self._device = device
        self._count = EventCount(device.get_name())
        self._pushes = (
            device.push_change_event,
            device.push_archive_event,
            device.push_alarm_event,
        )
        for attribute in device.get_device_attr().get_attribute_list():
            name = attribute.get_name()
            device.set_change_event(name, True, False)
            device.set_archive_event(name, True, False)
            device.set_alarm_event(name, True, False)

    def monitor(self) -> AbstractContextManager[Any]:
        """Acquire the device's monitor, which is reentrant."""
        monitor: AbstractContextManager[Any] = tango.AutoTangoMonitor(self._device)
        return monitor

    def set_state_and_status(self, state: State, status: str) -> None:
        """Set State and Status."""
        self._device.set_state(to_tango_state(state))
        self._device.set_status(status)

    def push(self, name: str, value: Any, when: float) -> None:
        """Push an attribute's value; the caller holds the device's monitor.

        A client that subscribes at the same time reads the value first, so reads must return it
        already.

        Args:
            name: name of the attribute.
            value: its value, as the model represents it.
            when: the time of the value, in s since 1970.
        """
        if isinstance(value, State):
            value = to_tango_state(value)
        for push in self._pushes:
            try:
                push(name, value, when, tango.AttrQuality.ATTR_VALID)
            except Exception:
                # The command was executed: a failed event must not fail it.
                LOGGER.exception("The event of %s was not pushed: read the attribute.", name)
            else:
                self._count.count(name)


class Publisher:
    """Publishes views from any thread; drops those that are older than the published one.

    A publication holds the device's monitor, so a read of a client or another publication comes
    entirely before or after it. No other lock is held while events are pushed.

    A closed publisher must not take the monitor: the device may be destroyed, and taking its
    monitor would abort the process. The holder of the monitor may close the publisher, so each
    method that takes the monitor checks before and after.

    Args:
        sink: the device.
        table: attributes of the device, with the functions that return their values.
        database: address of the database, for the Status before the first view.
        confirmed: returns when the database last confirmed the published values, in s since 1970.
        now: clock; tests replace it.
    """

    def __init__(
        self,
        sink: AttributeSink,
        table: Iterable[Attribute[Any]],
        database: str,
        confirmed: Callable[[], float] = time.time,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._sink = sink
        self._rows = [(row.name, row.value, row.source) for row in table if row.value is not None]
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

        The setting is described by a sentence.
        """
        self._show({"healthState": HealthState.FAILED, "healthInfo": [why]})

    @property
    def revision(self) -> int:
        """Newest published revision of the database; 0 before the first view."""
        return max(self._revisions.values(), default=0)

    def reset_revisions(self) -> None:
        """Accept the next view whatever its revision, as the database was restored."""
        if self._closed:
            return
        with self._sink.monitor():
            if self._closed:
                return
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
        then the final obsState. Attributes of which the view is no source keep their values.

        Returns:
            The attributes that have changed.
        """
        if self._closed:
            return {}
        with self._sink.monitor():
            if self._closed:
                return {}
            # One view per revision, unless a timeout expires.
            newest_dropped = view.revision - 1
            if view.timed_out and not (self._view and self._view.timed_out):
                newest_dropped = view.revision
            fresh = {
                name: value(view)
                for name, value, source in self._rows
                if isinstance(view, source) and self._revisions.get(name, -1) <= newest_dropped
            }
            if not fresh:
                return {}
            self._revisions.update(dict.fromkeys(fresh, view.revision))
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
            return self._show(self._with_status({**fresh, **health}), transient)

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
            else:
                shown = self._with_status(shown)
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

    def _with_status(self, values: Mapping[str, Any]) -> dict[str, Any]:
        known = {**self._values, **values}
        status = status_text(
            known["State"], known["adminMode"], known.get(OBS_STATE), known.get("healthInfo", ())
        )
        return {**values, "Status": status}

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
    """Escape characters that Tango strings, Latin-1 up to a NUL, cannot hold."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")


def to_tango_state(state: State) -> tango.DevState:
    """Convert a State of the model to Tango's."""
    return getattr(tango.DevState, state.name)
