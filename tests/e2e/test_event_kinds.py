"""Change, archive and alarm events side by side, for clients of three versions of PyTango."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ska_sdp_config.lmc.states import AdminMode
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from tests.e2e.event_clients import EventClient, Recorder
from tests.e2e.subarray import Subarray
from tests.services.servers import ServeSubarrays, trl_of
from tests.support.scripts import assignment, new_id

LOGGER = logging.getLogger(__name__)

MakeEtcd = Callable[..., Etcd]

NEW: dict[str, tuple[str, ...]] = {sys.executable: ("change", "archive", "alarm")}
"""Interpreters and the kinds of events that their clients subscribe to."""

OLD_KINDS = ("change", "archive")
"""Kinds that Tango had before version 10."""

SCANS_A_SWITCH = 10
"""Scans after which adminMode, and with it State, changes."""

RUNS = int(os.environ.get("EVENT_RUNS", "4"))
"""Starts of the clients in the long test of many runs."""

RUNS_A_SERVER = 5
"""Runs after which the server is started again."""


@contextmanager
def recorder(subarray: Subarray, pythons: dict[str, tuple[str, ...]]) -> Iterator[Recorder]:
    """Start clients of each interpreter, and wait until they receive events."""
    with ExitStack() as running:
        clients = [
            running.enter_context(EventClient(python, kind, subarray.trl))
            for python, kinds in pythons.items()
            for kind in kinds
        ]
        recorder = Recorder(subarray, clients)
        recorder.begin()
        yield recorder


def serve(etcd: Etcd, serve_subarrays: ServeSubarrays) -> DeviceServer:
    """Serve a subarray, State ON."""
    (server,) = serve_subarrays(etcd.port, ["01"])
    Subarray(trl_of(server)).command("On")
    return server


def ready(server: DeviceServer) -> Subarray:
    """Lead the subarray to READY, with an execution block of its own."""
    subarray = Subarray(trl_of(server))
    if subarray.obs_state != "EMPTY":
        subarray.command("Abort")
        subarray.command("Restart")
    subarray.command("AssignResources", assignment(new_id("eb"), {}))
    subarray.configure("science")
    return subarray


def run(server: DeviceServer, pythons: dict[str, tuple[str, ...]], scans: int) -> list[str]:
    """Make scans with clients of each interpreter; return the faults found."""
    with recorder(ready(server), pythons) as recording:
        for scan_id in range(1, scans + 1):
            recording.scan(scan_id)
            if scan_id % SCANS_A_SWITCH == 0:
                recording.switch(AdminMode.OFFLINE)
                recording.switch(AdminMode.ONLINE)
        return recording.faults()


def test_all_event_kinds_have_the_same_values(
    etcd_server: MakeEtcd, serve_subarrays: ServeSubarrays
) -> None:
    assert run(serve(etcd_server(), serve_subarrays), NEW, 20) == []


@pytest.mark.long
def test_old_client_receives_all_values(
    etcd_server: MakeEtcd, serve_subarrays: ServeSubarrays, old_python: str
) -> None:
    server = serve(etcd_server(), serve_subarrays)
    assert run(server, {**NEW, old_python: OLD_KINDS}, 20) == []


@pytest.mark.long
def test_clients_of_all_versions_receive_all_values_of_a_thousand_scans(
    etcd_server: MakeEtcd, serve_subarrays: ServeSubarrays, old_pythons: list[str]
) -> None:
    server = serve(etcd_server(), serve_subarrays)
    assert run(server, {**NEW, **dict.fromkeys(old_pythons, OLD_KINDS)}, 1_000) == []


@pytest.mark.long
def test_no_event_is_missing_in_many_runs(
    etcd_server: MakeEtcd, serve_subarrays: ServeSubarrays
) -> None:
    """Start clients repeatedly, and the server periodically.

    The environment variable EVENT_RUNS sets how often, ``--log-cli-level INFO`` shows each run.
    """
    server = serve(etcd_server(), serve_subarrays)
    faults = []
    for number in range(1, RUNS + 1):
        if number % RUNS_A_SERVER == 0:
            server.restart()
        found = run(server, NEW, 30)
        LOGGER.info("run %d: %s", number, found or "nothing missing, nothing wrong")
        faults += found
    assert faults == []
