"""Commands, events and reads of a subarray, against the bare calls that they stand on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import tango

from ska_sdp_config import Config
from ska_sdp_lmc.demo.content import scan

from .by_hand import ByHand
from .measure import Row, of_samples
from .observation import READY, SCANNING, Observation, Subscriber
from .observatory import Observatory, start
from .raw_watch import RawWatch

__all__ = ["rows"]

SAMPLES = 500
WARM_UP = 50
SCANS = 50
"""How many scans one execution block has at most."""

COPY = "2/bench/copy-of-"


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on one subarray, in a server of its own."""
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
    """The bare calls.

    Attributes:
        device: a bare device.
    """

    def __init__(self, device: tango.DeviceProxy, by_hand: ByHand) -> None:
        self.device = device
        self._by_hand = by_hand

    def copy(self, observation: Observation) -> None:
        """Write anew what a command reads, under other keys, with the values of now."""
        self._read = [COPY + key.replace("/", "-") for key in observation.read]
        self._written = self._read[: len(observation.written)]
        values = [kv.value.decode() for kv in self._by_hand.get_all(observation.read)]
        self._by_hand.commit([], dict(zip(self._read, values, strict=True)))

    def command(self, argument: str) -> float:
        """An empty Tango command, one read and one commit of what a command has: in s."""
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
        """From a push to the callback, in s."""
        self.device.command_inout("Push")
        heard, pushed = events.next()
        return heard - float(pushed)


def _commands(observation: Observation, floor: Floor) -> Iterator[Row]:
    returned: dict[str, list[float]] = {"Configure": [], "Scan": [], "EndScan": []}
    heard: dict[str, list[float]] = {name: [] for name in returned}
    floors: list[float] = []
    with_push: list[float] = []
    with (
        Subscriber(observation.subarray, "obsState") as obs_states,
        Subscriber(floor.device, "pushed") as events,
    ):
        for number in range(WARM_UP + SAMPLES):
            if number % SCANS == 0:
                observation.begin(obs_states)
                floor.copy(observation)
            for name, arguments, target in (
                ("Configure", [observation.configure()], READY),
                ("Scan", [scan(number + 1)], SCANNING),
                ("EndScan", [], READY),
            ):
                began = time.perf_counter()
                observation.subarray.command_inout(name, *arguments)
                returned[name].append(time.perf_counter() - began)
                heard[name].append(obs_states.until(target) - began)
            floors.append(floor.command(scan(number + 1)))
            with_push.append(floors[-1] + floor.push(events))
    for name, samples in returned.items():
        work = f"{name}: call to return"
        yield of_samples(work, samples[WARM_UP:], floors[WARM_UP:], 1.5)
    for name, samples in heard.items():
        work = f"{name}: call to the subscriber's callback"
        yield of_samples(work, samples[WARM_UP:], with_push[WARM_UP:], 1.5)


def _change(observation: Observation, floor: Floor, by_hand: ByHand) -> Row:
    """A script writes a state, a subscriber hears of it."""
    ours, floors = [], []
    key = f"{COPY}state"
    with (
        Subscriber(observation.subarray, "pbState") as states,
        Subscriber(floor.device, "pushed") as events,
        RawWatch(by_hand, key) as watch,
    ):
        for number in range(WARM_UP + SAMPLES):
            change = observation.change_state()
            began = time.perf_counter()
            by_hand.commit([], change)
            heard, _ = states.next()
            took = heard - began
            (text,) = change.values()
            began = time.perf_counter()
            by_hand.commit([], {key: text})
            told = watch.told() - began
            pushed = floor.push(events)
            if number >= WARM_UP:
                ours.append(took)
                floors.append(told + pushed)
    return of_samples("a state is written: to the subscriber's callback", ours, floors, 1.5)


def _reads(subarray: tango.DeviceProxy, bare: tango.DeviceProxy) -> Iterator[Row]:
    bare.command_inout("SetText", subarray.pbState)
    for name, constant in (("obsState", "number"), ("pbState", "text")):
        ours, floor = [], []
        for number in range(WARM_UP + SAMPLES):
            pair = _time_to_read(subarray, name), _time_to_read(bare, constant)
            if number >= WARM_UP:
                ours.append(pair[0])
                floor.append(pair[1])
        yield of_samples(f"reading {name}", ours, floor, 1.2)


def _time_to_read(device: tango.DeviceProxy, attribute: str) -> float:
    began = time.perf_counter()
    device.read_attribute(attribute)
    return time.perf_counter() - began
