"""What somebody waits for goes before what a watch tells, and not for long."""

from __future__ import annotations

import threading
import time

import pytest

from ska_sdp_config.store import precedence
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_config.store.precedence import Precedence
from tests.backend.conftest import Connect
from tests.backend.test_store_watch import Heard, commit, now
from tests.in_time import in_time
from tests.waiting import wait_until


@pytest.fixture
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have work waited for however long it takes."""
    monkeypatch.setattr(precedence, "LET_PASS", 60)


@pytest.mark.usefixtures("no_limit")
def test_nothing_is_waited_for_when_nothing_is_at_work() -> None:
    work = Precedence()
    with work:
        pass
    with in_time(30):
        work.let_pass()


@pytest.mark.usefixtures("no_limit")
def test_the_last_of_several_pieces_is_waited_for() -> None:
    work = Precedence()
    passed = threading.Event()

    def let_pass() -> None:
        work.let_pass()
        passed.set()

    waiting = threading.Thread(target=let_pass)
    with work:
        with work:
            waiting.start()
        assert not passed.wait(0.05)
    wait_until(passed.is_set, 30)
    waiting.join()


def test_work_that_takes_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LET_PASS", 0.05)
    work = Precedence()
    with work, in_time(30, 0.05):
        work.let_pass()


def test_a_watch_does_not_fall_behind_where_somebody_is_always_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precedence, "LET_PASS", 0.1)
    monkeypatch.setattr(precedence, "QUIET", 30)
    work = Precedence()
    with work:
        with in_time(30, 0.1):
            work.let_pass()
        # A hundred waits would take ten seconds.
        with in_time(5):
            for _ in range(100):
                work.let_pass()


@pytest.mark.usefixtures("no_limit")
@pytest.mark.parametrize("connect", ["etcd3", "etcd3_revolution1"], indirect=True)
def test_a_watch_tells_after_the_work_that_goes_first(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, other = connect(), connect()
    heard, others = Heard(), Heard()
    began = now(backend) + 1
    backend.store.watch(EVERYTHING, began, heard)
    other.store.watch(EVERYTHING, began, others)
    commit(other, a="1")
    heard.heard(("1/a", "1"))
    # Whatever this process heard just now.
    monkeypatch.setattr(precedence, "QUIET", 0)
    with backend.connection.precedence:
        commit(backend, a="2")
        # By now every watch has it that is not held back.
        others.heard(("1/a", "1"), ("1/a", "2"))
        time.sleep(0.05)
        heard.heard(("1/a", "1"))
    heard.heard(("1/a", "1"), ("1/a", "2"))
