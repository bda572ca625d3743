"""What the simulator survives: its own restart, another beside it, the database's restart."""

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
    assign,
    block,
    change,
    define_scripts,
    history,
    keys,
    read,
    revision,
    state,
    until,
)
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("held", "reached"),
    [
        ("time-to-resource", {"status": "WAITING"}),
        ("time-to-ready", {"status": "RUNNING", "deployments_ready": False}),
        ("", {"deployments_ready": True}),
    ],
)
def test_another_goes_on_where_it_was_stopped(
    config: Config,
    sdp_config_arguments: dict[str, Any],
    held: str,
    reached: dict[str, Any],
) -> None:
    since = revision(config)
    # The script stays there until the first has been stopped, however long that takes.
    assign(config, block(parameters={held: 3600} if held else {}))
    with Simulator(**sdp_config_arguments):
        until(config, **reached)
    assert read(config, lambda txn: txn.get_processing_block_owner(RECEIVE)) is None
    found = state(config)
    assert {key: found[key] for key in reached} == reached
    for txn in config.txn():
        txn.update_processing_block(block())
    with Simulator(**sdp_config_arguments):
        until(config, deployments_ready=True)
        change(config, status="FINISHED")
        until(config, status="FINISHED")
    told = [value["status"] for _, _, value in history(config, since, f"/pb/{RECEIVE}/state")]
    assert list(dict.fromkeys(told)) == ["STARTING", "WAITING", "RUNNING", "FINISHED"]
    assert told == sorted(told, key=["STARTING", "WAITING", "RUNNING", "FINISHED"].index)


def test_ended_meanwhile(config: Config, sdp_config_arguments: dict[str, Any]) -> None:
    assign(config, block(), block("pb-batch", "batch:ical:1.0.0"))
    with Simulator(**sdp_config_arguments):
        until(config, deployments_ready=True)
        until(config, "pb-batch", status="WAITING")
    change(config, status="FINISHED")
    with Simulator(**sdp_config_arguments):
        until(config, status="FINISHED")
        until(config, "pb-batch", status="FINISHED")
    assert not any(path.startswith("/deploy/") for path in keys(config))


def test_what_another_owns_is_left_to_it(
    config: Config, sdp_config_arguments: dict[str, Any], simulator: Simulator
) -> None:
    owner = {"pid": 1, "hostname": "elsewhere", "command": ["vis_receive.py"]}
    with Config(owner=owner, **sdp_config_arguments) as other:
        for txn in other.txn():
            txn.create_processing_block(block("pb-a", "batch:ical:1.0.0", eb_id=None))
            txn.processing_block.ownership("pb-a").take()
        for txn in config.txn():
            txn.create_processing_block(block("pb-b", "batch:ical:1.0.0", eb_id=None))
        until(config, "pb-b", status="FINISHED")
        assert state(config, "pb-a") == {}
    until(config, "pb-a", status="FINISHED")


def test_a_lost_ownership_is_taken_again(config: Config, simulator: Simulator) -> None:
    assign(config, block(parameters={"time-to-ready": 3600}))
    until(config, status="RUNNING")
    owner = f"/pb/{RECEIVE}/owner"
    for txn in config.txn():
        before = txn.get(owner)
        txn.delete(owner)
    wait_until(lambda: read(config, lambda txn: txn.get(owner)) == before)


def test_two_share_the_work(config: Config, sdp_config_arguments: dict[str, Any]) -> None:
    names = [f"pb-{number}" for number in range(6)]
    since = revision(config)
    with Simulator(**sdp_config_arguments), Simulator(**sdp_config_arguments):
        for name in names:
            for txn in config.txn():
                txn.create_processing_block(block(name, "batch:ical:1.0.0", eb_id=None))
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


def test_the_database_restarts(server: Etcd, access: Config) -> None:
    with Simulator(backend="etcd3", host=server.host, port=server.port) as sdp:
        assign(access, block(), block("pb-slow", parameters={"time-to-resource": 1}))
        until(access, deployments_ready=True)
        server.kill()
        server.start()
        until(access, "pb-slow", deployments_ready=True)
        change(access, status="FINISHED")
        until(access, status="FINISHED")
        assert not sdp.wait(0)
    assert read(access, lambda txn: txn.component.list_keys()) == []


def test_started_before_the_database(server: Etcd) -> None:
    where: dict[str, Any] = {"backend": "etcd3", "host": server.host, "port": server.port}
    server.stop()
    with Simulator(timeout=0.5, **where):
        server.start()
        with Config(**where) as config:
            define_scripts(config)
            assign(config, block())
            until(config, deployments_ready=True)
            wait_until(lambda: len(read(config, lambda txn: txn.component.list_keys())) == 2)


def test_stopped_while_the_database_is_away(server: Etcd, access: Config) -> None:
    simulator = Simulator(backend="etcd3", host=server.host, port=server.port, timeout=1)
    with simulator:
        assign(access, block())
        until(access, deployments_ready=True)
        server.kill()
        began = time.monotonic()
    # It asks for nothing any more: what is on its way ends by the time-out.
    assert time.monotonic() - began < 20


def test_addresses_that_do_not_fit_are_a_failure(server: Etcd, access: Config) -> None:
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly(server: Etcd, access: Config, number: signal.Signals) -> None:
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
            # Else its end would be waited for for ever.
            process.kill()
            raise
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert f"{RECEIVE}: RUNNING" in errors
    assert read(access, lambda txn: txn.component.list_keys()) == []
    assert not any(path.endswith("/owner") for path in keys(access))
