"""Memory of the simulator, after changes were lost and after errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.deployment_ids import deployment_id, script_deployment_id
from ska_sdp_sim.controller import ProcessingController
from ska_sdp_sim.deployer import HelmDeployer
from tests.support.stores import CountedReads
from tests.support.watch_loops import assert_not_woken

PB_ID = "pb-test-20260101-00001"
SCRIPT = {"kind": "batch", "name": "x", "version": "1.0.0"}
BLOCK = {"pb_id": PB_ID, "script": SCRIPT, "parameters": {}, "dependencies": []}
DEPLOYMENT = deployment_id(PB_ID, "x")


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def config(database: Database) -> Iterator[Config]:
    with Config(MemoryBackend(database)) as config:
        yield config


@pytest.fixture
def other(database: Database) -> Iterator[Config]:
    """Another program's Config."""
    with Config(MemoryBackend(database)) as config:
        yield config


def iterations(config: Config, part: Any) -> Iterator[Watcher[Any]]:
    """Yield iterations that read everything that was committed before."""
    for watcher in config.watcher(timeout=0, follow=[part.root]):
        config.backend.get("/a")
        yield watcher


def write(config: Config, path: str, document: object) -> None:
    config.backend.create(path, json.dumps(document))


def test_deployment_of_a_block_deleted_during_a_loss_of_changes_is_removed(
    config: Config, other: Config, database: Database
) -> None:
    write(other, f"/pb/{PB_ID}", BLOCK)
    write(other, "/script/batch:x:1.0.0", {**SCRIPT, "image": "i"})
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    controller.reconcile(next(steps))
    database.clear()
    write(other, f"/deploy/{DEPLOYMENT}", {"key": DEPLOYMENT, "kind": "helm", "args": {}})
    for _ in range(2):
        controller.reconcile(next(steps))
    assert other.backend.get(f"/deploy/{DEPLOYMENT}")[0] is None


def test_deployments_of_a_block_deleted_without_a_simulator_are_removed(
    config: Config, other: Config
) -> None:
    kept = ["proc-pb-b-script", "proc-pb-b-x-script", "proc-pb-deleted-c-script", "mine-script"]
    removed = [f"proc-{PB_ID}-script", DEPLOYMENT, "proc-pb-deleted-script", "proc-pb-a-script"]
    for name in (*removed, *kept):
        write(other, f"/deploy/{name}", {"key": name, "kind": "helm", "args": {}})
    for pb_id in ("pb-b", "pb-deleted-c"):
        write(other, f"/pb/{pb_id}", {**BLOCK, "pb_id": pb_id})
        # Another process runs these.
        write(other, f"/pb/{pb_id}/owner", {"pid": 1, "hostname": "h", "command": ["c"]})
    controller = ProcessingController(config)
    controller.reconcile(next(iterations(config, controller)))
    assert deployments(other) == sorted(kept)


@pytest.mark.parametrize("pb_id", ["pb_a", "pb.a", "pb:a"])
def test_deployments_of_a_block_with_mapped_characters_are_kept(
    config: Config, other: Config, pb_id: str
) -> None:
    """The IDs of its deployments have hyphens in place of these characters."""
    kept = ["proc-pb-a-script", "proc-pb-a-x"]
    for name in kept:
        write(other, f"/deploy/{name}", {"key": name, "kind": "helm", "args": {}})
    write(other, f"/pb/{pb_id}", {**BLOCK, "pb_id": pb_id})
    # Another process runs it.
    write(other, f"/pb/{pb_id}/owner", {"pid": 1, "hostname": "h", "command": ["c"]})
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    controller.reconcile(next(steps))
    write(other, "/pb/pb-a", "deleted at once")
    other.backend.delete("/pb/pb-a")
    controller.reconcile(next(steps))
    assert deployments(other) == kept


@pytest.mark.parametrize("pb_id", [PB_ID, "pb_a"])
def test_deployments_of_an_unreadable_block_are_removed_when_it_is_deleted(
    config: Config, other: Config, pb_id: str
) -> None:
    other.backend.create(f"/pb/{pb_id}", "{")
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    for name in (script_deployment_id(pb_id), deployment_id(pb_id, "x")):
        write(other, f"/deploy/{name}", {"key": name, "kind": "helm", "args": {}})
    controller.reconcile(next(steps))
    assert len(deployments(other)) == 2
    for txn in other.backend.txn():
        txn.delete(f"/pb/{pb_id}")
    controller.reconcile(next(steps))
    assert deployments(other) == []


def test_deletion_of_many_ended_blocks_takes_few_reads(
    config: Config, other: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    controller.reconcile(next(steps))
    for number in range(50):
        write(other, f"/pb/pb-{number}", BLOCK)
        other.backend.delete(f"/pb/pb-{number}")
    write(other, "/deploy/proc-pb-7-script", {"key": "proc-pb-7-script", "kind": "helm"})
    counted = CountedReads(config.backend, monkeypatch)
    controller.reconcile(next(steps))
    assert deployments(other) == []
    assert len(counted.queries) < 10
    controller.reconcile(next(steps))
    assert len(counted.queries) < 15


def test_deployment_is_retried_after_an_error(
    config: Config, other: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(other, f"/deploy/{DEPLOYMENT}", {"key": DEPLOYMENT, "kind": "helm", "args": {}})
    deployer = HelmDeployer(config)
    steps = iterations(config, deployer)
    with monkeypatch.context() as patch:
        patch.setattr(Config, "txn", give_up)
        deployer.reconcile(next(steps))
    deployer.reconcile(next(steps))
    assert other.backend.get(f"/deploy/{DEPLOYMENT}/state")[0] is not None


def test_deployer_retries_by_itself(
    config: Config, other: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(other, f"/deploy/{DEPLOYMENT}", {"key": DEPLOYMENT, "kind": "helm", "args": {}})
    deployer = HelmDeployer(config)
    watcher = config.watcher(follow=[deployer.root])
    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            if number == 1:
                break
            with monkeypatch.context() as patch:
                patch.setattr(Config, "txn", give_up)
                deployer.reconcile(watcher)


def test_deployments_with_a_state_are_not_read(
    config: Config,
    other: Config,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(3):
        write(other, f"/deploy/d-{number}", {"key": f"d-{number}", "kind": "helm", "args": {}})
        write(other, f"/deploy/d-{number}/state", {"status": "RUNNING"})
    deployer = HelmDeployer(config)
    monkeypatch.setattr(Config, "txn", give_up)
    deployer.reconcile(next(iterations(config, deployer)))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def deployments(config: Config) -> list[str]:
    names: list[str] = []
    for txn in config.txn():
        names = txn.deployment.list_keys()
    return names


def give_up(*_: object, **__: object) -> None:
    raise RuntimeError("The transaction gave up after 64 retries.")
