"""Each call of a client that waits is cut on both sides, and keeps its promise."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backends import connect
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.programs import clean_environment
from tests.faults.call_sites import Site, find_sites, sites_in
from tests.faults.client_scenes import COUNTER, FIRST, SCENES, Scene, increment, value_of
from tests.faults.cuts import Cut, Cuts, cut_channels, lose_connection
from tests.faults.kill_points import (
    COMMIT,
    DEVICE_PROMISES,
    ENGINE,
    KILL_POINTS,
    PROMISES,
    KillPoint,
    cuts_of,
)
from tests.services.etcd import QUICK, data_deleted_after
from tests.support.users import PASSWORD, USER, administrator, simple_tokens
from tests.support.waiting import CALL, wait_until

BACKENDS = ["etcd3", "etcd3_revolution1"]

CUT_BACKENDS = ["etcd3", pytest.param("etcd3_revolution1", marks=pytest.mark.long)]
"""Backends whose calls are cut; those over the gateway have the same rows, and take long."""

TOKEN_TTL_S = 600
KILLED_WITHIN_S = 60.0


def cases() -> Iterator[tuple[str, KillPoint, list[Cut]]]:
    """Yield the place, the row and the cuts of each test of a client."""
    for row, point in enumerate(KILL_POINTS):
        if point.scene in SCENES:
            for number, cuts in enumerate(cuts_of(point)):
                yield f"{row}.{number}", point, cuts


def title(cuts: list[Cut]) -> str:
    return " then ".join(f"{cut.side} {cut.site}" for cut in cuts)


def expires(point: KillPoint, cuts: list[Cut]) -> bool:
    """Return whether the grant of a lease is lost, which has to expire."""
    return "grant_lease" in point.site.call + point.site.function and cuts[-1].side == "after"


CUT = [
    pytest.param(
        point.scene,
        cuts,
        id=title(cuts),
        marks=[pytest.mark.long] if expires(point, cuts) else [],
    )
    for _, point, cuts in cases()
]
KILLED = [
    pytest.param(place, point.scene, cuts, id=title(cuts))
    for place, point, cuts in cases()
    if point.is_killed
]


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """etcd that requires a login."""
    flags = QUICK | simple_tokens(TOKEN_TTL_S)
    with (
        data_deleted_after(Etcd(tmp_path_factory.mktemp("etcd"), flags=flags)) as server,
        administrator(server.endpoint),
    ):
        yield server


def client(etcd: Etcd, kind: str = "etcd3") -> Backend:
    return connect(kind, host=etcd.endpoint, username=USER, password=PASSWORD, timeout=20)


@pytest.fixture(scope="module")
def shared_other(etcd: Etcd) -> Iterator[Backend]:
    with client(etcd) as other:
        # Resources that are created once, such as gRPC's own threads.
        for kind in BACKENDS:
            with client(etcd, kind) as first:
                increments = SCENES["increments"]
                increments(Scene(first, other, lambda: None, lambda: True))
        yield other


@pytest.fixture
def other(shared_other: Backend) -> Backend:
    """Client that is not cut, of a database that is empty."""
    shared_other.store.commit([], [Delete(EVERYTHING)], timeout=CALL)
    return shared_other


@pytest.fixture(scope="module")
def left(shared_other: Backend) -> Iterator[set[int]]:
    """Leases of killed clients, which must expire."""
    leases: set[int] = set()
    yield leases
    wait_until(lambda: all(has_ended(shared_other, lease) for lease in leases), CALL)


def resources() -> tuple[int, list[str]]:
    """Return the number of descriptors, and the names of the library's threads."""
    names = [each.name for each in threading.enumerate() if each.name.startswith("config-")]
    return len(list(Path("/proc/self/fd").iterdir())), names


def has_ended(other: Backend, lease: int) -> bool:
    etcd = vars(other.store)["_etcd"]
    request = etcdrpc.LeaseTimeToLiveRequest(ID=lease)
    return bool(etcd.call("Lease", "LeaseTimeToLive", request, CALL).TTL < 0)


def left_open(backend: Backend) -> int:
    """Return the number of channels that were replaced and are not closed."""
    channels = vars(vars(backend.store)["_etcd"])["_channels"]
    return sum(each.retired and not vars(each)["_closed"] for each in channels)


@contextmanager
def cut_client(etcd: Etcd, kind: str, other: Backend, cuts: Cuts) -> Iterator[Backend]:
    """Client whose calls are cut; it must leave no thread, descriptor, channel or lease."""
    descriptors, names = resources()
    with client(etcd, kind) as backend:
        cut_channels(backend, cuts)
        yield backend
        wait_until(lambda: not left_open(backend), what="replaced channels are closed")
    gc.collect()
    wait_until(lambda: resources()[1] == names, what="the threads have ended")
    wait_until(lambda: resources()[0] <= descriptors, what="the connections are closed")
    wait_until(lambda: all(has_ended(other, lease) for lease in cuts.granted))


def test_each_call_that_waits_is_in_the_table() -> None:
    rows = [point.site for point in KILL_POINTS]
    sites = list(find_sites())
    assert not set(sites) - set(rows), "calls without a row: add it to tests/faults/kill_points.py"
    assert not set(rows) - set(sites), "rows without a call: remove them"
    assert len(rows) == len(set(rows))


def test_each_row_has_a_promise_or_a_reason() -> None:
    assert set(SCENES) == set(PROMISES)
    promises = {**PROMISES, **DEVICE_PROMISES}
    assert all((point.scene in promises) != bool(point.reason) for point in KILL_POINTS)
    assert {point.scene for point in KILL_POINTS if point.scene} == set(promises)


def test_calls_that_change_the_database_or_publish_are_killed() -> None:
    changes = {"commit", "grant_lease", "keep_lease", "revoke_lease"}
    for point in KILL_POINTS:
        site = point.site
        is_change = site.module.startswith(ENGINE) and site.call in changes
        is_push = site.function.startswith("Publisher.") and site.call == "push"
        if (is_change or is_push) and not point.reason:
            assert point.is_killed, site


@pytest.mark.parametrize(
    ("module", "body", "label"),
    [
        ("src/ska_sdp_config/engine/new.py", "db.commit([], [], timeout=1)", "commit"),
        ("src/ska_sdp_config/drivers/etcd/new.py", 'e.call("KV", "Put", r, 1)', "call KV.Put"),
        ("src/ska_sdp_config/drivers/etcd/new.py", "for r in stream: pass", "for stream"),
        (
            "devices/ska_sdp_lmc/runtime/new.py",
            'db.command_inout("DbInfo")',
            "command_inout DbInfo",
        ),
        (
            "devices/ska_sdp_lmc/devices/new.py",
            "self.get_device_properties()",
            "get_device_properties",
        ),
    ],
)
def test_new_call_is_found(module: str, body: str, label: str) -> None:
    source = f"class New:\n    def work(self):\n        {body}\n        {body}\n"
    assert sites_in(source, module) == {
        Site(module, "New.work", label): range(3, 4),
        Site(module, "New.work", label, 2): range(4, 5),
    }


@pytest.mark.parametrize("kind", CUT_BACKENDS)
@pytest.mark.parametrize(("scene", "planned"), CUT)
def test_cut_call_keeps_its_promise(
    etcd: Etcd, other: Backend, kind: str, scene: str, planned: list[Cut]
) -> None:
    cuts = Cuts()

    def begin() -> None:
        cuts.plan = [(cut, lose_connection) for cut in planned]

    with cut_client(etcd, kind, other, cuts) as backend:
        SCENES[scene](Scene(backend, other, begin, lambda: not cuts.plan))
    assert not cuts.plan, "the call was not made"


@pytest.mark.long
@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize(("place", "scene", "planned"), KILLED)
def test_killed_client_leaves_its_commit_whole_and_its_leases_expire(
    etcd: Etcd,
    other: Backend,
    left: set[int],
    kind: str,
    place: str,
    scene: str,
    planned: list[Cut],
) -> None:
    environment = clean_environment(
        SDP_CONFIG_HOST=etcd.endpoint, SDP_CONFIG_USERNAME=USER, SDP_CONFIG_PASSWORD=PASSWORD
    )
    command = [sys.executable, "-m", "tests.faults.killed_client", place, kind]
    done = subprocess.run(
        command, env={**os.environ, **environment}, timeout=KILLED_WITHIN_S, check=False
    )
    assert done.returncode == -signal.SIGKILL
    if scene.startswith("increments"):
        expected = FIRST + (Cut(COMMIT, "after") in planned)
        assert value_of(other, COUNTER) == str(expected)
        # The dead client holds nothing that delays another one.
        assert increment(other) == 1
        assert value_of(other, COUNTER) == str(expected + 1)
    left |= leases_of_others(etcd, other)


def leases_of_others(etcd: Etcd, other: Backend) -> set[int]:
    """Return all leases, also those without keys, except that of this client."""
    own = other.client_lease.current().id
    login = post(etcd, "auth/authenticate", {"name": USER, "password": PASSWORD})
    leases = post(etcd, "lease/leases", {}, login["token"]).get("leases", ())
    return {int(each["ID"]) for each in leases} - {own}


def post(etcd: Etcd, call: str, body: Any, token: str = "") -> Any:
    """Call etcd's gateway: the client library has no message to list leases."""
    request = urllib.request.Request(
        f"http://{etcd.endpoint}/v3/{call}", json.dumps(body).encode()
    )
    if token:
        # etcd rejects an empty one.
        request.add_header("Authorization", token)
    with urllib.request.urlopen(request, timeout=CALL) as response:
        return json.load(response)
