"""What a client in a process of its own hears of subarrays.

In a process of its own, as a client that subscribes, and later serves devices in another test,
is ended by omniORB when it exits (PyTango 10.3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

from ska_sdp_sim.demo.event import Event, Value
from ska_sdp_sim.demo.listener import Listener
from tests.e2e.subarray import Subarray
from tests.waiting import wait_until

__all__ = ["Hearing"]

PROOF = "adminMode"
MODES = {"ONLINE": 0, "ENGINEERING": 2}


class Hearing:
    """Change events, in the order in which they came, once it is proven that they come.

    What is pushed in the first moments after a subscription is lost, so adminMode is written
    until that is heard. It is ONLINE afterwards.

    Args:
        subarrays: the devices.
        names: the attributes to subscribe to.
    """

    def __init__(self, subarrays: Iterable[Subarray], *names: str) -> None:
        self._subarrays = list(subarrays)
        # What is subscribed to last is connected last.
        subjects = {each.trl: [*names, PROOF] for each in self._subarrays}
        self._listener = Listener(subjects)
        self._begun = 0

    def __enter__(self) -> Hearing:
        self._listener.__enter__()
        try:
            self._listener.wait_ready(60)
            self.prove()
        except BaseException:
            self._listener.close()
            raise
        self.forget()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def forget(self) -> None:
        """Leave out of account what has been heard so far."""
        self._begun = len(self._listener.events)

    @property
    def events(self) -> list[Event]:
        """What has been heard."""
        return self._listener.events[self._begun :]

    def of(self, name: str, subarray: Subarray | None = None) -> list[Value]:
        """The values of an attribute of a subarray, by default of the first."""
        trl = (subarray or self._subarrays[0]).trl
        return [each.value for each in self.events if (each.device, each.attribute) == (trl, name)]

    def wait_for(self, name: str, expected: list[Value], subarray: Subarray | None = None) -> None:
        """Wait until as many values were heard as expected, and see that they are just those."""
        wait_until(
            lambda: len(self.of(name, subarray)) >= len(expected),
            30,
            f"{name} {expected}; heard {self.of(name, subarray)}",
        )
        assert self.of(name, subarray) == expected

    def wait_for_last(self, name: str, expected: Value) -> None:
        """Wait until a value was heard after all others."""
        wait_until(
            lambda: self.of(name)[-1:] == [expected],
            30,
            f"{name} {expected}; heard {self.of(name)[-10:]}",
        )

    def prove(self) -> None:
        """See that what is written to each device is heard; what was pushed before it is, too."""
        for subarray in self._subarrays:
            for mode in ("ENGINEERING", "ONLINE"):
                self._prove(subarray, mode)

    def _prove(self, subarray: Subarray, mode: str) -> None:
        other = "ONLINE" if mode == "ENGINEERING" else "ENGINEERING"
        for _ in range(40):
            begun = len(self._listener.events)
            for each in (other, mode):
                subarray.proxy.write_attribute(PROOF, MODES[each])

            def is_heard(begun: int = begun) -> bool:
                return any(
                    (each.device, each.attribute, each.value) == (subarray.trl, PROOF, mode)
                    for each in self._listener.events[begun:]
                )

            try:
                wait_until(is_heard, 0.5)
            except AssertionError:
                continue
            return
        raise AssertionError(f"adminMode {mode} of {subarray.trl} was not heard of")
