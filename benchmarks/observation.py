"""Observing subarray; the writes of its scripts are made on the stubs."""

from __future__ import annotations

import itertools
import json
import queue
import time
from typing import TYPE_CHECKING, Any

import tango

from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.demo.content import Content, configure

from .by_hand import ByHand

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["IDLE", "READY", "SCANNING", "Observation", "Subscriber"]

COMPONENTS = ("proccontrol", "helmdeploy")
IDLE, READY, SCANNING = 2, 4, 5
_TIMEOUT_S = 10.0
_OWNER = encode({"pid": 1, "hostname": "bench", "command": ["bench"]})


class Subscriber:
    """Collects the change events of an attribute with the times of their callbacks."""

    def __init__(self, device: tango.DeviceProxy, attribute: str) -> None:
        self._device = device
        self._attribute = attribute
        self._events: queue.SimpleQueue[tuple[float, Any]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self._number = self._device.subscribe_event(
            self._attribute, tango.EventType.CHANGE_EVENT, self._on_event
        )
        self.next()
        return self

    def __exit__(self, *_: object) -> None:
        # A client that exits while it receives events can abort.
        self._device.unsubscribe_event(self._number)

    def _on_event(self, event: tango.EventData) -> None:
        received = time.perf_counter()
        self._events.put((received, None if event.err else event.attr_value.value))

    def next(self) -> tuple[float, Any]:
        """Wait for an event; return the time (``perf_counter``) of its callback and its value."""
        return self._events.get(timeout=_TIMEOUT_S)

    def until(self, value: Any) -> float:
        """Wait for a value; return the time of its callback."""
        while True:
            received, found = self.next()
            if found == value:
                return received


class Observation:
    """A subarray that observes the execution block of the demo.

    Attributes:
        subarray: the device.
        pb_id: the processing block that receives.
        read: keys that a command reads.
        written: keys that Configure, Scan and EndScan write, the first of those.

    Args:
        subarray: the device, whose server has just started.
        by_hand: writes in place of the scripts.
    """

    def __init__(self, subarray: tango.DeviceProxy, by_hand: ByHand) -> None:
        self.subarray = subarray
        self._by_hand = by_hand
        self._numbers = itertools.count()
        self._components = [f"3/component/{name}/owner" for name in COMPONENTS]
        by_hand.commit([], dict.fromkeys(self._components, _OWNER))

    def begin(self, obs_states: Subscriber) -> None:
        """Start an execution block with new IDs, and configure it."""
        content = Content.new()
        realtime, batch = content.pb_ids("realtime"), content.pb_ids("batch")
        self.pb_id = realtime[0]
        self._scan_types = itertools.cycle(map(configure, content.scan_types[:2]))
        blocks = [f"2/pb/{pb_id}" for pb_id in (*realtime, *batch)]
        eb = f"2/eb/{content.eb_id}"
        _, _, subarray_id = self.subarray.dev_name().rpartition("/")
        self.written = [f"3/lmc/subarray/{subarray_id}", eb, f"3/eb/{content.eb_id}/state"]
        self.read = [*self.written, *self._components, *blocks, *map(_state_of, blocks)]
        if self.subarray.state() == tango.DevState.ON:
            self.subarray.command_inout("Off")
        self.subarray.command_inout("On")
        self.subarray.command_inout("AssignResources", json.dumps(content.message))
        self._by_hand.commit([], {_state_of(block): self._state() for block in blocks})
        named = json.loads(self._by_hand.get(eb).value) | {"pb_receive_addresses": self.pb_id}
        self._by_hand.commit([], {eb: encode(named)})
        obs_states.until(IDLE)
        self.subarray.command_inout("Configure", self.configure())
        obs_states.until(READY)

    def configure(self) -> str:
        """Return the argument of Configure for the next scan type."""
        return next(self._scan_types)

    def change_state(self) -> dict[str, str]:
        """Return a change of the receiving block's state, as its script writes it."""
        return {_state_of(f"2/pb/{self.pb_id}"): self._state()}

    def _state(self) -> str:
        host = {"host": [[0, "10.0.0.1"]], "port": [[0, 9000, 1]], "function": "visibilities"}
        beams = {f"vis{number}": host for number in range(4)}
        state = {
            "status": "RUNNING",
            "resources_available": True,
            "deployments_ready": True,
            "deployments": {f"proc-{self.pb_id}-{next(self._numbers)}": "RUNNING"},
            "receive_addresses": {"science": beams},
            "last_updated": "2026-01-31 23:12:37",
        }
        return encode(state)


def _state_of(block: str) -> str:
    return f"3{block[1:]}/state"
