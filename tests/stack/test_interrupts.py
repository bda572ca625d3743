"""What ends a running stack: signals, and the death of a child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from ska_sdp_sim.stack.interrupts import AskedToEnd, watched


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_wait(number: signal.Signals) -> None:
    with watched() as interrupts:
        interrupts.check()
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
        with pytest.raises(AskedToEnd, match=number.name) as end:
            interrupts.wait_for(lambda: False)
        assert end.value.signal == number
        with pytest.raises(AskedToEnd):
            interrupts.check()


def test_the_death_of_a_child_wakes_a_wait() -> None:
    with watched() as interrupts:
        child = subprocess.Popen([sys.executable, "-c", ""])
        interrupts.wait_for(lambda: child.poll() is not None)
        assert child.returncode == 0


def test_signals_get_their_meaning_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD)]
    with watched():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD)] == before
