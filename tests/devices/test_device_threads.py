"""Wait for the threads of a device: one limit for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_lmc.runtime import device_threads
from ska_sdp_lmc.runtime.database import NOTIFIER
from ska_sdp_lmc.runtime.device_threads import DeviceThreads, wait_for_all


class Endless:
    """Fake clock and threads of a device that never end: a wait lasts for its whole limit."""

    name = "watch-a/b/c"

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def join(self, timeout: float) -> bool:
        self.now += timeout
        return False

    def wait_for_notification(self, listener: object, timeout: float) -> bool:
        self.now += timeout
        return False

    def show_outage(self, outage: object) -> None:
        """Do nothing."""


@pytest.mark.parametrize("inits", [1, 3])
@pytest.mark.parametrize("timeout", [0.0, 2.0])
def test_threads_share_the_limit_of_the_wait(
    monkeypatch: pytest.MonkeyPatch, inits: int, timeout: float
) -> None:
    endless: Any = Endless()
    monkeypatch.setattr(device_threads, "time", endless)
    threads = DeviceThreads(endless, endless, endless)
    assert wait_for_all([threads] * inits, timeout) == [Endless.name, NOTIFIER] * inits
    assert endless.now == 1000.0 + timeout
