"""Threads that use a device, from one Init to the next."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ska_sdp_lmc.runtime.database import NOTIFIER, Database
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.watch_loop import WatchLoop

__all__ = ["DeviceThreads", "wait_for_all"]


class DeviceThreads:
    """Watch loop of a device, and the thread that notifies its publisher of outages."""

    def __init__(self, database: Database, publisher: Publisher, watch_loop: WatchLoop) -> None:
        self._database = database
        self._publisher = publisher
        self._watch_loop = watch_loop

    def stop(self) -> None:
        """End the use of the device without waiting; may be repeated.

        The threads may be waiting for the device's monitor, which the caller may hold.
        """
        self._watch_loop.stop()
        self._publisher.close()
        self._database.remove_listener(self._publisher.show_outage)

    def wait(self, timeout: float) -> list[str]:
        """Wait until no thread uses the device.

        Args:
            timeout: longest wait for all threads together, in seconds; 0 if the caller holds the
                device's monitor.

        Returns:
            Names of the threads that still use it, empty if there are none.
        """
        end = time.monotonic() + timeout
        names = []
        if not self._watch_loop.join(timeout):
            names.append(self._watch_loop.name)
        if not self._database.wait_for_notification(self._publisher.show_outage, _left(end)):
            names.append(NOTIFIER)
        return names


def wait_for_all(all_threads: Iterable[DeviceThreads], timeout: float) -> list[str]:
    """Wait for the threads of several Inits, together for at most ``timeout`` s; see ``wait``."""
    end = time.monotonic() + timeout
    return [name for each in all_threads for name in each.wait(_left(end))]


def _left(end: float) -> float:
    """Return the seconds until a time of the monotonic clock, 0 if it has passed."""
    return max(0.0, end - time.monotonic())
