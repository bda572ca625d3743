"""Fixtures: etcd servers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TypeVar

import pytest

from ska_sdp_sim.stack.etcd import Etcd, Flag

AnyEtcd = TypeVar("AnyEtcd", bound=Etcd)

# A single member needs no long election timeout: with a short one it answers in 0.2 s. Each
# heartbeat costs processor time in every idle server.
# Without fsync, SIGKILL loses no data; only a crash of the machine would.
QUICK: dict[str, Flag] = {
    "heartbeat_interval": 50,
    "election_timeout": 250,
    "unsafe_no_fsync": True,
    # By default a login takes a tenth of a second of the processor.
    "bcrypt_cost": 4,
    "log_level": "warn",
}

# A server of a whole session is idle for most of it.
SHARED = QUICK | {"heartbeat_interval": 100, "election_timeout": 500}

CRASH = "unexpected error during txn"
"""Last log entry of etcd 3.5.1 when a read of several keys is interrupted: etcd issue 14110, which
ends the process. 3.4 is not affected."""


def revive(server: Etcd) -> None:
    """Restart a server that has crashed because of etcd issue 14110, as its supervisor does."""
    if server.running:
        return
    output = server.process.output()
    assert CRASH in output, output[-3_000:]
    server.start()


LOSES_COMMITS = ("3.5.0", "3.5.1", "3.5.2")
"""Versions of etcd that may lose acknowledged commits when they crash under load: etcd issue
13766."""


@cache
def version_of(program: str) -> str:
    """Return the version of an etcd program, such as ``3.5.1``."""
    output = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
    return output.stdout.split()[2]


def crash(server: Etcd) -> None:
    """Kill and restart a server; stop it with SIGTERM if its version may lose commits."""
    if version_of(server.command()[0]) in LOSES_COMMITS:
        server.stop()
    else:
        server.kill()
    server.start()


def may_have_lost_commits(server: Etcd) -> bool:
    """Return whether a server has crashed by itself, and its version may then lose commits."""
    has_crashed = CRASH in server.log.read_text(errors="replace")
    return has_crashed and version_of(server.command()[0]) in LOSES_COMMITS


@contextmanager
def data_deleted_after(server: AnyEtcd) -> Iterator[AnyEtcd]:
    """Run a server, and delete its data at the end; its log stays.

    pytest keeps the directories of its last runs: those of the long tests would be 20 GB each.
    """
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(server.directory / "etcd-data", ignore_errors=True)


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """One running etcd for the session, with flags that cost little while it is idle.

    A test must not break it.
    """
    with data_deleted_after(Etcd(tmp_path_factory.mktemp("etcd"), flags=SHARED)) as server:
        yield server


@pytest.fixture
def etcd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Etcd]]:
    """Creates running etcd servers of one test, which may break them.

    Call it with further flags by name: ``etcd_server(max_txn_ops=None)`` is a server with etcd's
    default limit of operations in a transaction.
    """
    with ExitStack() as servers:

        def start(**flags: Flag) -> Etcd:
            directory = tmp_path_factory.mktemp("etcd")
            server = Etcd(directory, flags=QUICK | flags)
            return servers.enter_context(data_deleted_after(server))

        yield start


@pytest.fixture
def own_etcd(etcd_server: Callable[..., Etcd]) -> Etcd:
    """Running etcd of one test, which may break it."""
    return etcd_server()
