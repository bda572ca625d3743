"""Tango server with minimal devices: the baseline of the device benchmarks."""

from __future__ import annotations

import enum
import queue
import time

import tango
import tango.utils
from tango.server import Device, attribute, command, run


class Constant(enum.IntEnum):
    """Enumeration of the size of obsState."""

    EMPTY, RESOURCING, IDLE, CONFIGURING, READY, SCANNING = range(6)
    ABORTING, ABORTED, RESETTING, FAULT, RESTARTING = range(6, 11)


class Empty(Device):  # type: ignore[misc]  # PyTango is not typed
    """Device without attributes or commands of its own."""


class Bare(Device):  # type: ignore[misc]  # PyTango is not typed
    """Device with an empty command, constant attributes, and a pushed attribute."""

    def init_device(self) -> None:
        """Start the thread that pushes."""
        super().init_device()
        self._text = "x"
        self._requests: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.set_change_event("pushed", True, False)
        tango.utils.PyTangoThread(target=self._push, daemon=True).start()

    @attribute(dtype=Constant)  # type: ignore[untyped-decorator]
    def number(self) -> Constant:
        """A constant."""
        return Constant.READY

    @attribute(dtype=str)  # type: ignore[untyped-decorator]
    def text(self) -> str:
        """The string last set."""
        return self._text

    @attribute(dtype=float)  # type: ignore[untyped-decorator]
    def pushed(self) -> float:
        """Time of the last push, by ``perf_counter``."""
        return 0.0

    @command(dtype_in=str)  # type: ignore[untyped-decorator]
    def SetText(self, text: str) -> None:
        """Set the text."""
        self._text = text

    @command(dtype_in=str)  # type: ignore[untyped-decorator]
    def DoNothing(self, text: str) -> None:
        """Do nothing."""

    @command  # type: ignore[untyped-decorator]
    def Push(self) -> None:
        """Push from a thread, as the devices do after a watch event."""
        self._requests.put(None)

    def _push(self) -> None:
        while True:
            self._requests.get()
            with tango.AutoTangoMonitor(self):
                self.push_change_event("pushed", time.perf_counter())


if __name__ == "__main__":
    run([Bare, Empty])
