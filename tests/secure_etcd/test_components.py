"""Each component works as its own user, and is refused what is not its own: real processes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
import tango

from ska_sdp_config import ConfigConnectionError
from ska_sdp_config.config import Transaction
from ska_sdp_lmc.stack.device_server import DeviceServer
from ska_sdp_lmc.stack.programs import clean_environment, installed_program
from ska_sdp_lmc.stack.stand_in import OWNER_PATHS, StandIn
from ska_sdp_lmc.stack.tango_db import TangoDatabase
from ska_sdp_lmc.tango_db.data import PACKAGED, Registration, read, spread
from ska_sdp_lmc.tango_db.register import register
from tests.secure_etcd.secured import Secured
from tests.services.versions import NEWER_ONLY
from tests.waiting import wait_until

Writes = Callable[[Transaction], None]

EB, PB = "eb-a-20260101-00000", "pb-a-20260101-00000"


class OwnStandIn(StandIn):
    """A stand-in that is found by a client of its own user."""

    def __init__(self, directory: Path, secured: Secured, user: str) -> None:
        super().__init__(directory, secured.way_of(user))
        self._secured, self._user = secured, user

    def answers(self) -> bool:
        with self._secured.config_of(self._user) as config:
            owners = [config.backend.get(path)[0] for path in OWNER_PATHS]
        return all(owner and json.loads(owner)["pid"] == self.process.pid for owner in owners)


@pytest.fixture
def system(
    secured: Secured, tango_db: TangoDatabase, tmp_path: Path
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Controller, two subarrays and stand-in, each as its user; runs programs beside them."""
    prefix = f"secure{secured.etcd.port}"
    data = spread(read(PACKAGED), subarrays=2, prefix=prefix)
    register(tango_db.connect(), data.devices(), dry_run=False)
    tango_host = {"TANGO_HOST": tango_db.tango_host}
    servers = [
        DeviceServer(f"{server}", [device], tmp_path, secured.way_of(user) | tango_host)
        for server, device, user in (
            ("SDPController/0", f"{prefix}-sdp/control/0", "lmc-controller"),
            ("SDPSubarray/01", f"{prefix}-sdp/subarray/01", "lmc-subarray-01"),
            ("SDPSubarray/02", f"{prefix}-sdp/subarray/02", "lmc-subarray-02"),
        )
    ]

    def run(user: str, *words: str) -> subprocess.CompletedProcess[str]:
        program = installed_program(words[0], "tango")
        return subprocess.run(
            [program, *words[1:]],
            env=clean_environment(**secured.way_of(user), **tango_host),
            capture_output=True,
            text=True,
            timeout=300,
        )

    with ExitStack() as running:
        for server in servers:
            server.launch()
            running.callback(server.stop)
        running.enter_context(OwnStandIn(tmp_path, secured, "stand-in"))
        for server in servers:
            server.wait()
        yield lambda user, *words: run(user, *(word.format(prefix) for word in words))
        for server in servers:
            assert "permission denied" not in server.process.output()
        assert "permission denied" not in (tmp_path / "stand-in.log").read_text()


@pytest.mark.long
def test_an_observation_by_users_of_their_own(
    system: Callable[..., subprocess.CompletedProcess[str]], secured: Secured
) -> None:
    observed = system("operator", "ska-sdp-lmc", "demo", "--prefix", "{}", "--subarray", "02")
    assert observed.returncode == 0, observed.stdout + observed.stderr
    assert "SCANNING" in observed.stdout
    listed = system("dashboard", "ska-sdp", "list", "-a", "-o", "name")
    for path in ("/lmc/controller", "/lmc/subarray/01", "/lmc/subarray/02", "/eb/", "/pb/"):
        assert path in listed.stdout, listed.stdout + listed.stderr
    with secured.config_of("dashboard") as config:
        for txn in config.txn():
            assert {"lmc-controller", "lmc-subarray-01", "lmc-subarray-02", "proccontrol"} <= set(
                txn.component.list_keys()
            )
            entry = json.loads(txn.get("/lmc/subarray/02") or "")
            assert entry["last_command"] == "Off"


@pytest.mark.long
@NEWER_ONLY
def test_a_server_with_the_user_of_another_says_so(
    secured: Secured, tango_db: TangoDatabase, tmp_path: Path
) -> None:
    """It does not get as far as its first entry, and neither its log nor etcd is flooded."""
    device = f"wrong{secured.etcd.port}-sdp/subarray/03"
    registration = Registration("SDPSubarray/wrong-user", "SDPSubarray", device, {})
    register(tango_db.connect(), [registration], dry_run=False)
    way = secured.way_of("lmc-subarray-02") | {"TANGO_HOST": tango_db.tango_host}
    server = DeviceServer("SDPSubarray/wrong-user", [device], tmp_path, way)
    server.launch()
    try:
        wait_until(lambda: len(complaints(server)) >= 5, 120, "it complains")
        first, *_, fifth = complaints(server)[:5]
        assert "does not let user 'lmc-subarray-02' do this" in fifth
        # Pauses double from 0.05 s at least.
        assert (time_of(fifth) - time_of(first)).total_seconds() >= 0.7
        proxy = tango.DeviceProxy(f"tango://{tango_db.tango_host}/{device}")
        proxy.set_timeout_millis(30_000)
        assert proxy.state() == tango.DevState.INIT
        with pytest.raises(tango.DevFailed, match="was not carried out"):
            proxy.On()
        with secured.config_of("dashboard") as config:
            assert config.backend.get("/lmc/subarray/03")[0] is None
    finally:
        server.stop()


def complaints(server: DeviceServer) -> list[str]:
    return [line for line in server.process.output().splitlines() if "permission denied" in line]


def time_of(line: str) -> datetime:
    return datetime.strptime(line.split("|")[1], "%Y-%m-%dT%H:%M:%S.%fZ")


def attempt(secured: Secured, user: str, write: Writes) -> str:
    """Let a user write; gives what it is told if it may not, an empty text if it has written."""
    with secured.config_of(user) as config:
        try:
            for txn in config.txn():
                write(txn)
        except ConfigConnectionError as refused:
            return str(refused)
    return ""


def put(path: str, text: str = "{}") -> Writes:
    def write(txn: Transaction) -> None:
        raw = txn.raw
        (raw.create if raw.get(path) is None else raw.update)(path, text)

    return write


def delete_deployment(txn: Transaction) -> None:
    txn.deployment("proc-a").delete(recurse=True)


@pytest.mark.parametrize(
    ("user", "path"),
    [
        ("lmc-controller", "/lmc/controller"),
        ("lmc-subarray-01", "/lmc/subarray/01"),
        ("lmc-subarray-01", f"/eb/{EB}"),
        ("lmc-subarray-01", f"/eb/{EB}/state"),
        ("lmc-subarray-02", f"/pb/{PB}"),
        ("proccontrol", f"/pb/{PB}/state"),
        ("script", f"/pb/{PB}/owner"),
        ("script", f"/eb/{EB}"),
        ("script", "/flow/pb-a:data-product:vis"),
        ("helmdeploy", "/deploy/proc-a/state"),
        ("operator", "/script/batch:a:1"),
        ("operator", "/resource/capacity-buffer"),
    ],
)
def test_own_is_written(secured: Secured, user: str, path: str) -> None:
    assert attempt(secured, user, put(path)) == ""


@pytest.mark.parametrize("user", ["proccontrol", "script", "operator"])
def test_a_deployment_is_deleted_with_all_that_it_has(secured: Secured, user: str) -> None:
    for path in ("/deploy/proc-a", "/deploy/proc-a/state"):
        assert attempt(secured, "operator", put(path)) == ""
    assert "permission denied" in attempt(secured, "helmdeploy", delete_deployment)
    assert attempt(secured, user, delete_deployment) == ""


@pytest.mark.parametrize(
    ("user", "path"),
    [
        ("lmc-subarray-01", "/lmc/subarray/02"),
        ("lmc-subarray-01", "/component/lmc-subarray-02/owner"),
        ("lmc-subarray-01", "/lmc/controller"),
        ("lmc-subarray-01", "/script/batch:a:2"),
        ("lmc-subarray-01", f"/pb/{PB}/state"),
        ("lmc-subarray-01", "/deploy/proc-b"),
        ("lmc-controller", "/lmc/subarray/01"),
        ("lmc-controller", f"/eb/{EB}"),
        ("proccontrol", f"/eb/{EB}"),
        ("helmdeploy", "/deploy/proc-b"),
        ("script", "/script/batch:a:2"),
        ("script", f"/pb/{PB}"),
        ("stand-in", "/lmc/subarray/01"),
        ("operator", "/lmc/subarray/01"),
        ("operator", "/component/proccontrol/owner"),
        ("dashboard", "/script/batch:a:2"),
        ("dashboard", "/anything"),
    ],
)
def test_what_is_not_its_own_is_refused(secured: Secured, user: str, path: str) -> None:
    text = '{"by": "somebody else"}'
    told = attempt(secured, user, put(path, text))
    assert f"does not let user '{user}' do this" in told
    assert "permission denied" in told
    assert secured.way_of(user)["SDP_CONFIG_PASSWORD"] not in told
    with secured.config_of("dashboard") as config:
        assert config.backend.get(path)[0] != text


def test_a_commit_with_one_write_too_many_writes_nothing(secured: Secured) -> None:
    def both(txn: Transaction) -> None:
        put(f"/eb/{EB}")(txn)
        txn.raw.create("/eb/eb-b-20260101-00000", "{}")
        put("/lmc/subarray/02")(txn)

    assert "permission denied" in attempt(secured, "lmc-subarray-01", both)
    with secured.config_of("dashboard") as config:
        assert config.backend.get("/eb/eb-b-20260101-00000")[0] is None


def test_a_read_only_user_watches(secured: Secured) -> None:
    with secured.config_of("dashboard") as config:
        for turn, watcher in enumerate(config.watcher(timeout=60)):
            for txn in watcher.txn():
                found = txn.raw.get("/script/batch:watched:1")
            if turn == 0 and found is None:
                assert attempt(secured, "operator", put("/script/batch:watched:1")) == ""
            elif found is not None:
                break
    assert found == "{}"


@pytest.mark.long
@pytest.mark.parametrize("user", ["operator", "dashboard"])
def test_doctor_needs_no_more_than_to_read(secured: Secured, user: str) -> None:
    told = subprocess.run(
        [installed_program("ska-sdp", "tango"), "doctor"],
        env=clean_environment(**secured.way_of(user)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "permission denied" not in told.stdout + told.stderr
    assert secured.etcd.endpoint in told.stdout


def test_a_user_may_end_its_own_lease(secured: Secured) -> None:
    """What lives by a lease goes with it, though etcd asks for the right to write all of it."""
    with secured.config_of("proccontrol", component_name="proccontrol") as config:
        assert config.is_alive()
    with secured.config_of("dashboard") as reader:
        # Who closes does not wait for an answer for long; by itself a lease lives for eight more.
        wait_until(
            lambda: reader.backend.get("/component/proccontrol/owner")[0] is None, 5, "it goes"
        )
