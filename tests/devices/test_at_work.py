"""The watcher lets the commands of its device go first, but does not wait for long."""

from __future__ import annotations

import threading
import time

from ska_sdp_lmc.runtime.commands_in_progress import AtWork
from tests.waiting import wait_until


def test_nothing_is_waited_for_when_no_command_is_at_work() -> None:
    at_work = AtWork()
    with at_work:
        pass
    began = time.monotonic()
    at_work.let_pass(60)
    assert time.monotonic() - began < 30


def test_the_last_of_several_commands_is_waited_for() -> None:
    at_work = AtWork()
    passed = threading.Event()

    def let_pass() -> None:
        at_work.let_pass(60)
        passed.set()

    waiting = threading.Thread(target=let_pass)
    with at_work:
        with at_work:
            waiting.start()
        assert not passed.wait(0.05)
    wait_until(passed.is_set, 30)
    waiting.join()


def test_a_command_that_takes_long_is_not_waited_for() -> None:
    at_work = AtWork()
    with at_work:
        began = time.monotonic()
        at_work.let_pass(0.05)
        assert time.monotonic() - began >= 0.05
