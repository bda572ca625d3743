"""Fixtures: etcd servers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from ska_sdp_sim.stack.etcd import Etcd, Flag

# A member alone needs no patience with others: elections at once make it answer in 0.1 s.
# Without fsync a kill of the process still loses nothing, only that of the machine would.
QUICK: dict[str, Flag] = {
    "heartbeat_interval": 10,
    "election_timeout": 100,
    "unsafe_no_fsync": True,
    "log_level": "warn",
}


CRASH = "unexpected error during txn"
"""What etcd 3.5.1 says when a read of several keys is cut off while it is served: a fault of its
own (its issue 14110), by which it ends. 3.4 has it not."""


def revive(server: Etcd) -> None:
    """Start a server again that has crashed by etcd's own fault, as its supervisor would."""
    if server.running:
        return
    output = server.process.output()
    assert CRASH in output, output[-3_000:]
    server.start()


FORGETFUL = ("3.5.0", "3.5.1", "3.5.2")
"""Versions of etcd that, when they crash under load, now and then forget commits that they have
acknowledged: a fault of etcd's own (its issue 13766)."""


@cache
def version_of(program: str) -> str:
    """Return the version of an etcd program, such as ``3.5.1``."""
    told = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
    return told.stdout.split()[2]


def crash(server: Etcd) -> None:
    """Kill a server that is at work, and start it again; a forgetful one is asked to end."""
    if version_of(server.command()[0]) in FORGETFUL:
        server.stop()
    else:
        server.kill()
    server.start()


def may_have_forgotten(server: Etcd) -> bool:
    """Whether a server has crashed by a fault of its own, and is of those that may then forget."""
    has_crashed = CRASH in server.log.read_text(errors="replace")
    return has_crashed and version_of(server.command()[0]) in FORGETFUL


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """One running etcd for the session, with the stack's flags; do not break this one."""
    with Etcd(tmp_path_factory.mktemp("etcd"), flags=QUICK) as server:
        yield server


@pytest.fixture
def etcd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Etcd]]:
    """Makes running etcd servers of a test's own, to be broken at will.

    Call it with further flags by name: ``etcd_server(max_txn_ops=None)`` is a server with etcd's
    own bound of operations in a transaction.
    """
    with ExitStack() as servers:

        def start(**flags: Flag) -> Etcd:
            directory = tmp_path_factory.mktemp("etcd")
            return servers.enter_context(Etcd(directory, flags=QUICK | flags))

        yield start
