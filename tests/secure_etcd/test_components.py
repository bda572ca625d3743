"""Components that log in as users of their own, in real processes."""

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
from ska_sdp_lmc.ops.tango_db.data import PACKAGED, Registration, expand, read
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.simulator import OWNER_PATHS, Simulator
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.secure_etcd.secured import Secured
from tests.services.versions import NEWER_ONLY
from tests.support.configs import wait_until_gone
from tests.support.waiting import wait_until

Writes = Callable[[Transaction], None]

EB, PB = "eb-a-20260101-00000", "pb-a-20260101-00000"


class OwnSimulator(Simulator):
    """Simulator that is detected by a client with its own user."""

    def __init__(self, directory: Path, secured: Secured, user: str) -> None:
        super().__init__(directory, secured.variables_of(user))
        self._secured, self._user = secured, user

    def is_ready(self) -> bool:
        with self._secured.config_of(self._user) as config:
            owners = [config.backend.get(path)[0] for path in OWNER_PATHS]
        return all(owner and json.loads(owner)["pid"] == self.process.pid for owner in owners)


@pytest.fixture
def system(
    secured: Secured, tango_db: TangoDatabase, tmp_path: Path
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Controller, two subarrays and simulator, each as its user; runs programs as a user.

    At the end, no log has an error of access or a password.
    """
    prefix = f"secure{secured.etcd.port}"
    data = expand(read(PACKAGED), subarrays=2, prefix=prefix)
    register(tango_db.connect(), data.devices(), dry_run=False)
    tango_host = {"TANGO_HOST": tango_db.tango_host}
    variables = tango_host | {"SDP_LMC_LOG_LEVEL": "DEBUG"}
    servers = [
        DeviceServer(f"{server}", [device], tmp_path, secured.variables_of(user) | variables)
        for server, device, user in (
            ("SDPController/0", f"{prefix}-sdp/control/0", "lmc-controller"),
            ("SDPSubarray/01", f"{prefix}-sdp/subarray/01", "lmc-subarray-01"),
            ("SDPSubarray/02", f"{prefix}-sdp/subarray/02", "lmc-subarray-02"),
        )
    ]

    def run(user: str, *words: str) -> subprocess.CompletedProcess[str]:
        return secured.run_as(user, *(word.format(prefix) for word in words), **tango_host)

    with ExitStack() as running:
        for server in servers:
            server.launch()
            running.callback(server.stop)
        running.enter_context(OwnSimulator(tmp_path, secured, "stand-in"))
        for server in servers:
            server.wait()
        yield run
        logs = [server.process.output() for server in servers]
        passwords = [file.read_text().strip() for file in secured.passwords.iterdir()]
        for log in (*logs, (tmp_path / "simulator.log").read_text()):
            assert not [text for text in ("permission denied", *passwords) if text in log]


@pytest.mark.long
def test_observation_succeeds_with_a_user_for_each_component(
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
def test_server_with_the_user_of_another_logs_the_rejection(
    secured: Secured, tango_db: TangoDatabase, tmp_path: Path
) -> None:
    """It writes no entry, and floods neither its log nor etcd."""
    device = f"wrong{secured.etcd.port}-sdp/subarray/03"
    registration = Registration("SDPSubarray/wrong-user", "SDPSubarray", device, {})
    register(tango_db.connect(), [registration], dry_run=False)
    way = secured.variables_of("lmc-subarray-02") | {"TANGO_HOST": tango_db.tango_host}
    server = DeviceServer("SDPSubarray/wrong-user", [device], tmp_path, way)
    server.launch()
    try:
        wait_until(lambda: len(rejections(server)) >= 5, 120, "rejections in the log")
        first, *_, fifth = rejections(server)[:5]
        assert "does not let user 'lmc-subarray-02' do this" in fifth
        # Pauses double from 0.05 s at least.
        assert (time_of(fifth) - time_of(first)).total_seconds() >= 0.7
        proxy = tango.DeviceProxy(f"tango://{tango_db.tango_host}/{device}")
        proxy.set_timeout_millis(30_000)
        assert proxy.state() == tango.DevState.INIT
        with pytest.raises(tango.DevFailed, match="was not carried out"):
            proxy.On()
        assert secured.read("/lmc/subarray/03") is None
    finally:
        server.stop()


def rejections(server: DeviceServer) -> list[str]:
    return [line for line in server.process.output().splitlines() if "permission denied" in line]


def time_of(line: str) -> datetime:
    return datetime.strptime(line.split("|")[1], "%Y-%m-%dT%H:%M:%S.%fZ")


def attempt(secured: Secured, user: str, write: Writes) -> str:
    """Write as a user; return the error, empty if it was allowed."""
    with secured.config_of(user) as config:
        try:
            for txn in config.txn():
                write(txn)
        except ConfigConnectionError as exc:
            return str(exc)
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
def test_user_writes_its_own_paths(secured: Secured, user: str, path: str) -> None:
    assert attempt(secured, user, put(path)) == ""


@pytest.mark.parametrize("user", ["proccontrol", "script", "operator"])
def test_deployment_is_deleted_with_its_state(secured: Secured, user: str) -> None:
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
def test_user_does_not_write_paths_of_others(secured: Secured, user: str, path: str) -> None:
    text = '{"by": "another user"}'
    error = attempt(secured, user, put(path, text))
    assert f"does not let user '{user}' do this" in error
    assert "permission denied" in error
    assert secured.variables_of(user)["SDP_CONFIG_PASSWORD"] not in error
    assert secured.read(path) != text


def test_commit_with_one_forbidden_write_writes_nothing(secured: Secured) -> None:
    def both(txn: Transaction) -> None:
        put(f"/eb/{EB}")(txn)
        txn.raw.create("/eb/eb-b-20260101-00000", "{}")
        put("/lmc/subarray/02")(txn)

    assert "permission denied" in attempt(secured, "lmc-subarray-01", both)
    assert secured.read("/eb/eb-b-20260101-00000") is None


def test_read_only_user_watches(secured: Secured) -> None:
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
def test_doctor_needs_only_the_right_to_read(secured: Secured, user: str) -> None:
    checked = secured.run_as(user, "ska-sdp", "doctor")
    assert "permission denied" not in checked.stdout + checked.stderr
    assert secured.etcd.endpoint in checked.stdout


def test_user_revokes_its_own_lease(secured: Secured) -> None:
    """Its keys are deleted too, although etcd demands the right to write each of them."""
    with secured.config_of("proccontrol", component_name="proccontrol") as config:
        assert config.is_alive()
    with secured.config_of("dashboard") as reader:
        # A close does not wait long for the answer. An unrevoked lease lasts for eight seconds.
        wait_until_gone(reader, "/component/proccontrol/owner")
