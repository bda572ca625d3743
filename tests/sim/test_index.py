"""Memory of the simulator, after changes were lost and after errors."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.config import Transaction
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.deployment_ids import deployment_id, script_deployment_id
from ska_sdp_sim import controller as controller_module
from ska_sdp_sim.controller import ProcessingController
from ska_sdp_sim.database import find_leftovers
from ska_sdp_sim.deployer import HelmDeployer
from ska_sdp_sim.loop import WatchLoop
from tests.support.stores import CountedReads
from tests.support.waiting import wait_until
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


LONG = "pb-a-" + "x" * 91
"""ID of a block that no ID of a deployment has whole."""

RIVALS = [
    ("pb-a", "pb_a", "proc-pb-a-x"),
    ("pb-a", "pb-a-b", "proc-pb-a-b-script"),
    ("pb-a", LONG, script_deployment_id(LONG)),
    (f"{LONG[:-1]}y", LONG, deployment_id(f"{LONG[:-1]}y", "x")),
]
"""IDs of a deleted and of an existing block, and of a deployment that both may have."""

CASES = ["other characters", "longer", "much longer", "other end"]


def deploy(config: Config, *names: str) -> None:
    for name in names:
        write(config, f"/deploy/{name}", {"key": name, "kind": "helm", "args": {}})


def write_owned(config: Config, pb_id: str) -> None:
    """Write a block that another process runs."""
    write(config, f"/pb/{pb_id}/owner", {"pid": 1, "hostname": "h", "command": ["c"]})
    write(config, f"/pb/{pb_id}", {**BLOCK, "pb_id": pb_id})


@pytest.mark.parametrize(("deleted", "existing", "name"), RIVALS, ids=CASES)
@pytest.mark.parametrize("is_known", [True, False])
def test_deployment_that_an_existing_block_may_have_is_kept(
    config: Config, other: Config, deleted: str, existing: str, name: str, is_known: bool
) -> None:
    """Also if the controller has followed the deleted block."""
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    if not is_known:
        controller.reconcile(next(steps))
    write(other, f"/pb/{deleted}", {**BLOCK, "pb_id": deleted})
    if is_known:
        controller.reconcile(next(steps))
    deploy(other, name, f"proc-{PB_ID}-script")
    write_owned(other, existing)
    other.backend.delete(f"/pb/{deleted}")
    controller.reconcile(next(steps))
    assert name in deployments(other)


@pytest.mark.parametrize(("deleted", "created", "name"), RIVALS[1:], ids=CASES[1:])
@pytest.mark.parametrize("when", ["after the search", "before the commit"])
def test_deployment_of_a_block_created_meanwhile_is_kept(
    config: Config,
    other: Config,
    monkeypatch: pytest.MonkeyPatch,
    deleted: str,
    created: str,
    name: str,
    when: str,
) -> None:
    def create_once() -> None:
        if other.backend.get(f"/pb/{created}")[0] is None:
            write_owned(other, created)

    def search(*arguments: Any) -> dict[str, list[str]]:
        found = find_leftovers(*arguments)
        create_once()
        return found

    def delete(txn: Transaction, each: str) -> None:
        create_once()
        delete_deployment(txn, each)

    delete_deployment = Transaction.delete_deployment
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    controller.reconcile(next(steps))
    deploy(other, name)
    write(other, f"/pb/{deleted}", BLOCK)
    other.backend.delete(f"/pb/{deleted}")
    if when == "after the search":
        monkeypatch.setattr("ska_sdp_sim.controller.find_leftovers", search)
    else:
        monkeypatch.setattr(Transaction, "delete_deployment", delete)
    controller.reconcile(next(steps))
    assert other.backend.get(f"/pb/{created}")[0] is not None
    assert deployments(other) == [name]


def test_failed_search_for_deployments_stops_no_other_work(
    config: Config, other: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(other, "/script/batch:x:1.0.0", {**SCRIPT, "image": "i"})
    write(other, "/pb/pb-known", {**BLOCK, "pb_id": "pb-known"})
    controller = ProcessingController(config)
    steps = iterations(config, controller)
    controller.reconcile(next(steps))
    deploy(other, "proc-pb-gone-script")
    write(other, "/pb/pb-gone", BLOCK)
    for pb_id in ("pb-known", "pb-gone"):
        other.backend.delete(f"/pb/{pb_id}")
    write(other, f"/pb/{PB_ID}", BLOCK)
    with monkeypatch.context() as patch:
        patch.setattr("ska_sdp_sim.controller.find_leftovers", give_up)
        controller.reconcile(next(steps))
    assert deployments(other) == ["proc-pb-gone-script", f"proc-{PB_ID}-script"]
    write(other, "/pb/pb-other", "{}")
    controller.reconcile(next(steps))
    assert deployments(other) == [f"proc-{PB_ID}-script"]


@pytest.mark.parametrize("name", ["find_leftovers", "remove_leftovers"])
def test_failed_work_for_a_deleted_block_is_repeated_without_another_change(
    config: Config, other: Config, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    work = getattr(controller_module, name)
    results = iter([give_up])

    def fail_once(*arguments: Any) -> Any:
        return next(results, work)(*arguments)

    monkeypatch.setattr(controller_module, name, fail_once)
    deploy(other, "proc-pb-gone-script")
    controller = ProcessingController(config)
    loop = WatchLoop(config, controller.reconcile, controller.root)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        wait_until(lambda: deployments(other) == [])
    finally:
        loop.stop()
        thread.join()


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
