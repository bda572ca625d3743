"""Commands, events and reads of a subarray, against the underlying calls."""

from __future__ import annotations

import time
from collections.abc import Iterator

import tango

from ska_sdp_config import Config
from ska_sdp_sim.demo.content import scan

from .by_hand import ByHand
from .measure import Row, of_samples
from .observation import READY, SCANNING, Observation, Subscriber
from .observatory import Observatory, start
from .raw_watch import RawWatch

__all__ = ["rows"]

SAMPLES = 500
WARM_UP = 50
SETTLE_TIME_S = 0.01
"""Time in which a server finishes the work after a command or change, in seconds."""

MAX_SCANS = 50
"""Limit of scans per execution block."""

COPY = "2/bench/copy-of-"


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows of one subarray in a server of its own."""
    config.backend.delete("/bench", must_exist=False, recursive=True)
    with Observatory(config.backend.address) as observatory:
        ours = observatory.subarrays("01", ["01"])
        bare = observatory.bare("01", "Bare", 1)
        start(ours)
        start(bare)
        subarray = observatory.proxy(ours.devices[0])
        floor = Floor(observatory.proxy(bare.devices[0]), by_hand)
        observation = Observation(subarray, by_hand)
        yield from _commands(observation, floor)
        yield _change(observation, floor, by_hand)
        yield from _reads(subarray, floor.device)
        subarray.command_inout("Off")


class Floor:
    """The underlying calls.

    Attributes:
        device: a bare device.
    """

    def __init__(self, device: tango.DeviceProxy, by_hand: ByHand) -> None:
        self.device = device
        self._by_hand = by_hand

    def copy(self, observation: Observation) -> None:
        """Copy the current entries that a command reads to other keys."""
        self._read = [COPY + key.replace("/", "-") for key in observation.read]
        self._written = self._read[: len(observation.written)]
        values = [kv.value.decode() for kv in self._by_hand.get_all(observation.read)]
        self._by_hand.commit([], dict(zip(self._read, values, strict=True)))

    def command(self, argument: str = "") -> float:
        """Return the seconds of an empty Tango command with the read and commit of a real one."""
        began = time.perf_counter()
        self.device.command_inout("DoNothing", argument)
        called = time.perf_counter() - began
        values = {
            kv.key.decode(): kv.value.decode() for kv in self._by_hand.get_all(self._written)
        }
        began = time.perf_counter()
        read = self._by_hand.get_all(self._read)
        self._by_hand.commit(read, values)
        return called + time.perf_counter() - began

    def push(self, events: Subscriber) -> float:
        """Return the seconds from a push to the callback."""
        self.device.command_inout("Push")
        received, pushed = events.next()
        return received - float(pushed)


def _commands(observation: Observation, floor: Floor) -> Iterator[Row]:
    names = ("Configure", "Scan", "EndScan")
    returned: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    published: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with (
        Subscriber(observation.subarray, "obsState") as obs_states,
        Subscriber(floor.device, "pushed") as events,
    ):
        for number in range(WARM_UP + SAMPLES):
            if number % MAX_SCANS == 0:
                observation.begin(obs_states)
                floor.copy(observation)
            for name, arguments, target in (
                ("Configure", [observation.configure()], READY),
                ("Scan", [scan(number + 1)], SCANNING),
                ("EndScan", [], READY),
            ):
                time.sleep(SETTLE_TIME_S)
                began = time.perf_counter()
                observation.subarray.command_inout(name, *arguments)
                took = time.perf_counter() - began
                event_took = obs_states.until(target) - began
                time.sleep(SETTLE_TIME_S)
                bare = floor.command(*arguments)
                returned[name].append((took, bare))
                published[name].append((event_took, bare + floor.push(events)))
    for name, pairs in returned.items():
        yield _row(f"{name}: call to return", pairs, 1.5)
    for name, pairs in published.items():
        yield _row(f"{name}: call to the subscriber's callback", pairs, 1.5)


def _change(observation: Observation, floor: Floor, by_hand: ByHand) -> Row:
    """Measure the time from the write of a state to the event at a subscriber."""
    pairs = []
    key = f"{COPY}state"
    with (
        Subscriber(observation.subarray, "pbState") as states,
        Subscriber(floor.device, "pushed") as events,
        RawWatch(by_hand, key) as watch,
    ):
        for _ in range(WARM_UP + SAMPLES):
            change = observation.change_state()
            time.sleep(SETTLE_TIME_S)
            began = time.perf_counter()
            by_hand.commit([], change)
            received, _ = states.next()
            took = received - began
            (text,) = change.values()
            time.sleep(SETTLE_TIME_S)
            began = time.perf_counter()
            by_hand.commit([], {key: text})
            watch_took = watch.next_time() - began
            pairs.append((took, watch_took + floor.push(events)))
    return _row("a state is written: to the subscriber's callback", pairs, 1.5)


def _reads(subarray: tango.DeviceProxy, bare: tango.DeviceProxy) -> Iterator[Row]:
    bare.command_inout("SetText", subarray.pbState)
    for name, constant in (("obsState", "number"), ("pbState", "text")):
        pairs = [
            (_time_to_read(subarray, name), _time_to_read(bare, constant))
            for _ in range(WARM_UP + SAMPLES)
        ]
        yield _row(f"reading {name}", pairs, 1.2)


def _row(work: str, pairs: list[tuple[float, float]], bound: float) -> Row:
    ours, floor = ([pair[place] for pair in pairs[WARM_UP:]] for place in (0, 1))
    return of_samples(work, ours, floor, bound)


def _time_to_read(device: tango.DeviceProxy, attribute: str) -> float:
    # Without a pause, the placement on a processor dominates hundreds of samples in a row.
    time.sleep(SETTLE_TIME_S)
    began = time.perf_counter()
    device.read_attribute(attribute)
    return time.perf_counter() - began
