"""Restarts of the simulator and of the database, and several simulators on one database."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim import Simulator
from ska_sdp_sim.stack.etcd import Etcd
from tests.sim.observation import (
    RECEIVE,
    STAMP,
    assign,
    block,
    change,
    create,
    define_scripts,
    history,
    keys,
    read,
    revision,
    state,
    until,
)
from tests.support.todays_sdp import (
    EB,
    PB,
    PB_STATE,
    RECEIVE_DEPLOYMENT,
    SCRIPT_DEPLOYMENT,
    deployment,
    left_by_todays_sdp,
    put,
)
from tests.support.waiting import wait_until

STATUSES = ["STARTING", "WAITING", "RUNNING", "READY", "FINISHED"]
"""Statuses of a receive script, in order."""


@pytest.mark.parametrize(
    ("parameter", "reached"),
    [
        ("time-to-resource", {"status": "WAITING"}),
        ("time-to-ready", {"status": "RUNNING", "deployments_ready": False}),
        ("", {"deployments_ready": True}),
        ("", {"status": "READY"}),
    ],
)
def test_restarted_simulator_continues_the_script(
    config: Config, sdp_config_arguments: dict[str, Any], parameter: str, reached: dict[str, Any]
) -> None:
    since = revision(config)
    # An hour: the script cannot advance before the first simulator stops.
    assign(config, block(parameters={parameter: 3600} if parameter else {}))
    with Simulator(**sdp_config_arguments):
        until(config, **reached)
    assert read(config, lambda txn: txn.get_processing_block_owner(RECEIVE)) is None
    found = state(config)
    assert {key: found[key] for key in reached} == reached
    for txn in config.txn():
        txn.update_processing_block(block())
    with Simulator(**sdp_config_arguments):
        until(config, status="READY")
        change(config, status="FINISHED")
        until(config, status="FINISHED")
    statuses = [value["status"] for _, _, value in history(config, since, f"/pb/{RECEIVE}/state")]
    assert list(dict.fromkeys(statuses)) == STATUSES
    assert statuses == sorted(statuses, key=STATUSES.index)


def test_execution_block_that_ended_meanwhile_finishes_its_blocks(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    assign(config, block(), block("pb-batch", "batch:ical:1.0.0"))
    with Simulator(**sdp_config_arguments):
        until(config, deployments_ready=True)
        until(config, "pb-batch", status="WAITING")
    change(config, status="FINISHED")
    with Simulator(**sdp_config_arguments):
        until(config, status="FINISHED")
        until(config, "pb-batch", status="FINISHED")
    assert not any(path.startswith("/deploy/") for path in keys(config))


def test_simulator_continues_a_cancellation(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    """Another program may cancel a single block: its execution block is ACTIVE."""
    assign(config, block())
    for txn in config.txn():
        txn.processing_block.state(RECEIVE).create({"status": "CANCELLING", "deployments": {}})
    with Simulator(**sdp_config_arguments):
        until(config, status="CANCELLED")


def test_simulator_continues_what_version_0_1_has_left(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    with Simulator(**sdp_config_arguments):
        assign(config, block())
        left = until(config, status="READY")
    name = f"proc-{RECEIVE}-vis-receive"
    for txn in config.txn():
        txn.processing_block.state(RECEIVE).update({**left, "status": "RUNNING"})
        txn.deployment.state(name).update({"status": "RUNNING", "last_updated": STAMP})
    with Simulator(**sdp_config_arguments):
        until(config, status="READY", deployments_ready=True)
    state_of_deployment = read(config, lambda txn: txn.get_deployment_state(name))
    assert state_of_deployment == {"status": "RUNNING", "last_updated": STAMP}


def test_ready_block_of_todays_sdp_is_taken_as_it_is(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    """Its deployments run, and none has the name that the simulator would give."""
    other = f"proc-{PB}-receive-chart"
    names = {SCRIPT_DEPLOYMENT: "RUNNING", other: "RUNNING"}
    put(config, without_receive({**PB_STATE, "deployments": names}))
    running = {"num_pod": 1, "pods": {"x": "RUNNING"}}
    put(config, {f"/deploy/{other}": deployment(other, "x"), f"/deploy/{other}/state": running})
    since = revision(config)
    with Simulator(**sdp_config_arguments):
        wait_until(lambda: read(config, lambda txn: txn.get(f"/pb/{PB}/owner")) is not None)
        change(config, EB, status="FINISHED")
        until(config, PB, status="FINISHED")
    assert len(history(config, since, f"/pb/{PB}/state")) == 1


def test_missing_deployment_of_a_ready_block_is_created(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    put(config, without_receive(PB_STATE))
    with Simulator(**sdp_config_arguments):
        wait_until(lambda: read(config, lambda txn: txn.get_deployment(RECEIVE_DEPLOYMENT)))
        found = until(config, PB, status="READY")
    assert found["deployments_ready"] is True
    assert found["deployments"] == PB_STATE["deployments"]


def without_receive(pb_state: dict[str, Any]) -> dict[str, Any]:
    """Return the documents that today's SDP has left, without the receive deployment."""
    documents = left_by_todays_sdp({}, {}, pb_state)
    return {path: each for path, each in documents.items() if RECEIVE_DEPLOYMENT not in path}


def test_deployer_reports_a_pod_without_status(
    config: Config, sdp_config_arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    pods = {"num_pod": 2, "pods": {"a": "PENDING", "b": None}}
    put(config, {"/deploy/dpl-a": deployment("dpl-a", "x"), "/deploy/dpl-a/state": pods})
    with caplog.at_level("INFO"), Simulator(**sdp_config_arguments):
        wait_until(lambda: "dpl-a: RUNNING, None" in caplog.messages)


def test_block_of_another_owner_is_not_touched(
    config: Config, sdp_config_arguments: dict[str, Any], simulator: Simulator
) -> None:
    owner = {"pid": 1, "hostname": "elsewhere", "command": ["vis_receive.py"]}
    with Config(owner=owner, **sdp_config_arguments) as other:
        for txn in other.txn():
            txn.create_processing_block(block("pb-a", "batch:ical:1.0.0", eb_id=None))
            txn.processing_block.ownership("pb-a").take()
        create(config, block("pb-b", "batch:ical:1.0.0", eb_id=None))
        until(config, "pb-b", status="FINISHED")
        assert state(config, "pb-a") == {}
    until(config, "pb-a", status="FINISHED")


def test_lost_ownership_is_taken_again(config: Config, simulator: Simulator) -> None:
    assign(config, block(parameters={"time-to-ready": 3600}))
    until(config, status="RUNNING")
    owner = f"/pb/{RECEIVE}/owner"
    for txn in config.txn():
        before = txn.get(owner)
        txn.delete(owner)
    wait_until(lambda: read(config, lambda txn: txn.get(owner)) == before)


def test_two_simulators_run_each_block_once(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    names = [f"pb-{number}" for number in range(6)]
    since = revision(config)
    with Simulator(**sdp_config_arguments), Simulator(**sdp_config_arguments):
        for name in names:
            create(config, block(name, "batch:ical:1.0.0", eb_id=None))
        for name in names:
            until(config, name, status="FINISHED")
    for name in names:
        found = [value["status"] for _, _, value in history(config, since, f"/pb/{name}/state")]
        assert found.count("STARTING") == 1
        assert found.count("FINISHED") == 1


@pytest.fixture
def server(etcd_server: Callable[..., Etcd]) -> Etcd:
    return etcd_server()


@pytest.fixture
def access(server: Etcd) -> Iterator[Config]:
    with Config(backend="etcd3", host=server.host, port=server.port) as config:
        define_scripts(config)
        yield config


def test_simulator_continues_after_a_restart_of_the_database(server: Etcd, access: Config) -> None:
    with Simulator(backend="etcd3", host=server.host, port=server.port) as simulator:
        assign(access, block(), block("pb-slow", parameters={"time-to-resource": 1}))
        until(access, deployments_ready=True)
        server.kill()
        server.start()
        until(access, "pb-slow", deployments_ready=True)
        change(access, status="FINISHED")
        until(access, status="FINISHED")
        assert not simulator.wait(0)
    assert read(access, lambda txn: txn.component.list_keys()) == []


def test_simulator_waits_for_the_database(server: Etcd) -> None:
    where: dict[str, Any] = {"backend": "etcd3", "host": server.host, "port": server.port}
    server.stop()
    with Simulator(timeout=0.5, **where):
        server.start()
        with Config(**where) as config:
            define_scripts(config)
            assign(config, block())
            until(config, deployments_ready=True)
            wait_until(lambda: len(read(config, lambda txn: txn.component.list_keys())) == 2)


def test_simulator_stops_during_an_outage(server: Etcd, access: Config) -> None:
    simulator = Simulator(backend="etcd3", host=server.host, port=server.port, timeout=1)
    with simulator:
        assign(access, block())
        until(access, deployments_ready=True)
        server.kill()
        began = time.monotonic()
    # No new request is sent; the one in progress ends by its timeout.
    assert time.monotonic() - began < 20


def test_addresses_over_the_request_limit_fail_the_block(server: Etcd, access: Config) -> None:
    with Simulator(backend="etcd3", host=server.host, port=server.port):
        windows = [{"start": 0, "count": 55_000}]
        use = {"vis0": {"channels_id": "all"}}
        assign(
            access,
            block(parameters={"channels_per_port": 2}),
            channels=[{"channels_id": "all", "spectral_windows": windows}],
            scan_types=[{"scan_type_id": f"s{number}", "beams": use} for number in range(3)],
        )
        reason = until(access, status="FAILED")["reason"]
        assert "--max-request-bytes" in reason


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_releases_everything_on_a_signal(
    server: Etcd, access: Config, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ska_sdp_sim", "--time-to-resource", "0"],
        env={"SDP_CONFIG_HOST": server.host, "SDP_CONFIG_PORT": str(server.port)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assign(access, block())
            until(access, deployments_ready=True)
            owner = read(access, lambda txn: txn.get_processing_block_owner(RECEIVE))
            assert owner["pid"] == process.pid
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        except BaseException:
            # Without this, leaving the with block would wait without limit.
            process.kill()
            raise
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert f"{RECEIVE}: RUNNING" in errors
    assert read(access, lambda txn: txn.component.list_keys()) == []
    assert not any(path.endswith("/owner") for path in keys(access))
