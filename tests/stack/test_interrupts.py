"""Signals and the end of child processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from ska_sdp_sim.stack.interrupts import StopRequested, catch_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_a_wait(number: signal.Signals) -> None:
    with catch_signals() as interrupts:
        interrupts.check()
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
        with pytest.raises(StopRequested, match=number.name) as end:
            interrupts.wait_for(lambda: False)
        assert end.value.signal == number
        with pytest.raises(StopRequested):
            interrupts.check()


def test_end_of_a_child_wakes_a_wait() -> None:
    with catch_signals() as interrupts:
        child = subprocess.Popen([sys.executable, "-c", ""])
        interrupts.wait_for(lambda: child.poll() is not None)
        assert child.returncode == 0


def test_signal_handlers_are_restored() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD)]
    with catch_signals():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD)] == before
