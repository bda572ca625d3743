"""Fixtures: etcd servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ska_sdp_lmc.stack.etcd import Etcd, Flag

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
