"""Recorder of the change events of subarrays.

It subscribes in a process of its own: omniORB aborts a process at exit that has subscribed and
later served devices in another test (PyTango 10.3.1).
"""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_sim.demo.event import Event, Value
from ska_sdp_sim.demo.listener import Listener
from tests.e2e.lost_channel import check_channel
from tests.e2e.subarray import Subarray
from tests.support.waiting import wait_until

PROOF = "adminMode"
MODES = {"ONLINE": 0, "ENGINEERING": 2}


class EventRecorder:
    """Change events in the order received.

    Events right after a subscription can be lost, so adminMode is written until its events are
    received. It is ONLINE afterwards.
    """

    def __init__(self, subarrays: Iterable[Subarray], *names: str) -> None:
        self._subarrays = list(subarrays)
        # The last subscription takes effect last.
        subjects = {each.trl: [*names, PROOF] for each in self._subarrays}
        self._listener = Listener(subjects)
        self._begun = 0

    def __enter__(self) -> EventRecorder:
        self._listener.__enter__()
        try:
            self._listener.wait_ready(60)
            self.prove()
        except BaseException:
            self._listener.close()
            raise
        self.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def clear(self) -> None:
        """Discard the events received so far."""
        self._begun = len(self._listener.events)

    @property
    def events(self) -> list[Event]:
        """Events received since ``clear``.

        Raises:
            TooLate: an event says that others can be missing.
        """
        events = self._received
        check_channel(each.error for each in events if each.error)
        return events

    @property
    def _received(self) -> list[Event]:
        return self._listener.events[self._begun :]

    def of(self, name: str, subarray: Subarray | None = None) -> list[Value]:
        """Return the values of an attribute of a subarray, by default of the first.

        Raises:
            TooLate: an event of the subarray says that others can be missing.
        """
        trl = (subarray or self._subarrays[0]).trl
        events = [each for each in self._received if each.device == trl]
        check_channel(each.error for each in events if each.error)
        return [each.value for each in events if each.attribute == name]

    def wait_for(self, name: str, expected: list[Value], subarray: Subarray | None = None) -> None:
        """Wait for as many values as expected, and compare them."""
        wait_until(
            lambda: len(self.of(name, subarray)) >= len(expected),
            30,
            f"{name} {expected}; received {self.of(name, subarray)}",
        )
        assert self.of(name, subarray) == expected

    def wait_for_last(self, name: str, expected: Value) -> None:
        wait_until(
            lambda: self.of(name)[-1:] == [expected],
            30,
            f"{name} {expected}; received {self.of(name)[-10:]}",
        )

    def prove(self) -> None:
        """Write to each device and wait for the event, and so for all events pushed before it."""
        for subarray in self._subarrays:
            for mode in ("ENGINEERING", "ONLINE"):
                self._prove(subarray, mode)

    def _prove(self, subarray: Subarray, mode: str) -> None:
        other = "ONLINE" if mode == "ENGINEERING" else "ENGINEERING"
        for _ in range(40):
            begun = len(self._listener.events)
            for each in (other, mode):
                subarray.proxy.write_attribute(PROOF, MODES[each])

            def is_received(begun: int = begun) -> bool:
                return any(
                    (each.device, each.attribute, each.value) == (subarray.trl, PROOF, mode)
                    for each in self._listener.events[begun:]
                )

            try:
                wait_until(is_received, 0.5)
            except AssertionError:
                continue
            return
        check_channel(each.error for each in self._listener.events if each.error)
        raise AssertionError(f"adminMode {mode} of {subarray.trl} was not received")
