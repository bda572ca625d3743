"""Fixtures: the stack under faults, whose processes have a clock that tests step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.faults.clock import Clock, library
from tests.faults.stack import Stack
from tests.services.etcd import QUICK, data_deleted_after
from tests.support.proxy import Proxy

SUBARRAYS = 4


@pytest.fixture(scope="session")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """Clock of the processes of the stack; a test sets it right at its end."""
    if library() is None:
        pytest.skip("this machine lacks libfaketime: .ci/packages lists the packages")
    return Clock(tmp_path_factory.mktemp("clock") / "offset")


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """The etcd of the stack."""
    with data_deleted_after(Etcd(tmp_path_factory.mktemp("database"), flags=QUICK)) as server:
        yield server


@pytest.fixture(scope="session")
def stack(
    database: Etcd, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A running stack, which reaches etcd through two proxies; a test repairs what it breaks."""
    with ExitStack() as opened:
        proxies = [opened.enter_context(Proxy(database.host, database.port)) for _ in range(2)]
        yield opened.enter_context(
            Stack(
                tmp_path_factory.mktemp("stack"),
                [proxy.endpoint for proxy in proxies],
                subarrays=SUBARRAYS,
                settings=clock.environment,
            )
        )


@pytest.fixture
def restored_signals() -> Iterator[None]:
    """Restore the handlers of the signals that end a program, which a test replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
