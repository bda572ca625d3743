"""Clients of change, archive and alarm events side by side, each in a process of its own."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tango

from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_sim.stack.programs import clean_environment
from tests.e2e.lost_channel import check_channel, is_loss
from tests.e2e.subarray import Subarray
from tests.support.waiting import wait_until

SCRIPT = Path(__file__).with_name("event_client.py")
ATTRIBUTES = (
    "State",
    "Status",
    "adminMode",
    "obsState",
    "commandedObsState",
    "lastCommand",
    "transactionID",
    "scanType",
    "scanID",
)
"""Attributes to subscribe to. The marker is last: its subscription takes effect last."""

MARKER = "scanID"
_markers = itertools.count(900_000_001)


class EventClient:
    """A subscriber in a process of its own, with the PyTango of a Python interpreter."""

    def __init__(
        self, python: str, kind: str, trl: str, attributes: Sequence[str] = ATTRIBUTES
    ) -> None:
        self.name = f"{kind} events"
        self._command = [python, "-I", str(SCRIPT), trl, kind, ",".join(attributes)]
        self._events: list[tuple[str, Any]] = []
        self._begun = 0
        self.version = ""

    def __enter__(self) -> EventClient:
        self._process = subprocess.Popen(
            self._command,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name=self.name)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    @property
    def exit_code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def of(self, name: str) -> list[Any]:
        """Return the values of an attribute since ``clear``, in the order received."""
        return [value for each, value in self._events[self._begun :] if each == name]

    def last(self, name: str) -> Any:
        """Return the last value of an attribute; None before the first."""
        return next((value for each, value in reversed(self._events) if each == name), None)

    def clear(self) -> None:
        """Discard the events received so far."""
        self._begun = len(self._events)

    def wait_subscribed(self) -> None:
        """Wait until it has subscribed or has ended."""
        wait_until(
            lambda: self.version or self.exit_code is not None, 60, f"{self.name} has subscribed"
        )

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                name, value = json.loads(line)
                if name == "ready":
                    self.version = value
                    self.name = f"{self.name}, PyTango {value}"
                self._events.append((name, value))


class Recorder:
    """Values that the device shows after each command, all of which every client must receive."""

    def __init__(self, subarray: Subarray, clients: Iterable[EventClient]) -> None:
        self._subarray = subarray
        self.clients = list(clients)
        self._expected: dict[str, list[Any]] = {}

    def begin(self) -> None:
        """Wait until every client receives events.

        Events right after a subscription can be lost, so scans with unique IDs are made until the
        events of one are received.
        """
        for client in self.clients:
            client.wait_subscribed()
        self._wait_for_a_marker()
        for client in self.clients:
            client.clear()
        self._shown = self._read()
        self._expected = {name: [] for name in ATTRIBUTES}

    def scan(self, scan_id: int) -> None:
        self._subarray.start_scan(scan_id)
        self._record()
        assert self._shown["scanID"] == scan_id
        self._subarray.command("EndScan")
        self._record()
        assert self._shown["obsState"] == ObsState.READY

    def switch(self, mode: AdminMode) -> None:
        """Write adminMode, which changes State."""
        self._subarray.proxy.write_attribute("adminMode", mode)
        self._record()

    def faults(self) -> list[str]:
        """Compare received with shown values; see compare."""
        self._drain()
        return compare(self.clients, self._expected)

    def _wait_for_a_marker(self) -> None:
        for _ in range(15):
            marker = next(_markers)
            self._subarray.start_scan(marker)
            self._subarray.command("EndScan")
            try:
                wait_until(lambda m=marker: not self._without(m), 1)  # type: ignore[misc]
            except AssertionError:
                continue
            return
        raise AssertionError(f"no event was received by {self._without(marker)}")

    def _without(self, marker: int) -> list[str]:
        """Return the names of the clients that have not received all events of a scan."""
        return [
            client.name
            for client in self.clients
            # obsState READY is the last event of EndScan.
            if [marker, 0] != client.of(MARKER)[-2:] or client.last("obsState") != ObsState.READY
        ]

    def _drain(self) -> None:
        # Events that are still missing after this are reported.
        with contextlib.suppress(AssertionError):
            wait_until(lambda: all(map(self._is_complete, self.clients)), 15)

    def _is_complete(self, client: EventClient) -> bool:
        if client.exit_code is not None:
            return True
        return all(len(client.of(name)) >= len(values) for name, values in self._expected.items())

    def _record(self) -> None:
        shown = self._read()
        for name, value in shown.items():
            if value != self._shown[name]:
                self._expected[name].append(value)
        self._shown = shown

    def _read(self) -> dict[str, Any]:
        found = self._subarray.proxy.read_attributes(list(ATTRIBUTES))
        values = {name: each.value for name, each in zip(ATTRIBUTES, found, strict=True)}
        return {
            name: str(value) if isinstance(value, tango.DevState) else value
            for name, value in values.items()
        }


def compare(clients: Sequence[EventClient], expected: Mapping[str, list[Any]]) -> list[str]:
    """Compare received with expected values; return a message for each client and attribute.

    Raises:
        TooLate: there is no fault, but an event says that others can be missing.
    """
    faults = [text for client in clients for text in _faults(client, expected)]
    if not faults:
        check_channel(text for client in clients for text in client.of("error"))
    return faults


def _faults(client: EventClient, expected: Mapping[str, list[Any]]) -> list[str]:
    errors = client.of("error")
    found = [f"{client.name}: {text}" for text in errors if not is_loss(text)]
    if client.exit_code is not None:
        found.append(f"{client.name}: ended with {client.exit_code}")
    if any(map(is_loss, errors)):
        # What it has not received says nothing.
        return found
    for name, values in expected.items():
        received = client.of(name)
        if received != values:
            found.append(f"{client.name}: {name} {difference(values, received)}")
    return found


def difference(expected: list[Any], received: list[Any]) -> str:
    place = next(
        (
            place
            for place, (one, other) in enumerate(zip(expected, received, strict=False))
            if one != other
        ),
        min(len(expected), len(received)),
    )
    return (
        f"{len(received)} events of {len(expected)}; from the {place + 1}th on "
        f"{received[place : place + 4]}, not {expected[place : place + 4]}"
    )
