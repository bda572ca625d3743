"""Ownership of entities, and components that are alive."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import ConfigCollision
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Owner, ProcessingBlock
from ska_sdp_config.operations.context import Context, LeaseLike
from ska_sdp_config.operations.ownership import OwnershipOperations
from tests.support.configs import MakeConfig, wait_until_gone

OTHER = {"pid": 7, "hostname": "elsewhere", "command": ["other.py"]}


@pytest.fixture(autouse=True)
def processing_block(config: Config) -> None:
    for txn in config.txn():
        txn.create_processing_block(ProcessingBlock("pb-x", None, "batch:x:1"))


def test_ownership_is_taken_and_released(config: Config) -> None:
    for txn in config.txn():
        ownership = txn.processing_block.ownership("pb-x")
        assert ownership.get() is None
        assert not ownership.is_owned()
        assert not ownership.is_owner()
        ownership.release()
        ownership.take()
    for txn in config.txn():
        pb = txn.processing_block.get("pb-x")
        assert pb
        ownership = txn.processing_block.ownership(pb)
        assert ownership.get() == Owner(**config.owner)
        assert ownership.is_owned()
        assert ownership.is_owner()
        with pytest.raises(ConfigCollision, match="owns it") as caught:
            ownership.take()
        assert caught.value.path == "/pb/pb-x/owner"
        ownership.release()
    for txn in config.txn():
        assert not txn.processing_block.ownership("pb-x").is_owned()
        assert txn.processing_block.exists("pb-x")


def test_release_leaves_other_owner(config: Config, make_config: MakeConfig) -> None:
    other = make_config(owner=OTHER)
    for txn in other.txn():
        txn.processing_block.ownership("pb-x").take()
    for txn in config.txn():
        ownership = txn.processing_block.ownership("pb-x")
        assert ownership.is_owned()
        assert not ownership.is_owner()
        with pytest.raises(ConfigCollision, match="process 7 on elsewhere owns it"):
            ownership.take()
        ownership.release()
        assert ownership.get() == Owner(**OTHER)
        assert txn.get_processing_block_owner("pb-x") == OTHER
    other.close()
    for txn in config.txn():
        assert txn.get_processing_block_owner("pb-x") is None


def test_flat_take_lasts_until_end_of_lease(config: Config) -> None:
    for txn in config.txn():
        assert txn.get_processing_block_owner("pb-x") is None
        assert not txn.is_processing_block_owner("pb-x")
    with config.lease() as lease:
        for txn in config.txn():
            txn.take_processing_block("pb-x", lease)
            assert txn.is_processing_block_owner("pb-x")
        for txn in config.txn():
            assert txn.get_processing_block_owner("pb-x") == config.owner
            assert txn.is_processing_block_owner("pb-x")
            with pytest.raises(ConfigCollision):
                txn.take_processing_block("pb-x", lease)
    for txn in config.txn():
        assert txn.get_processing_block_owner("pb-x") is None
        assert not txn.is_processing_block_owner("pb-x")


class FakeLease:
    """Lease whose state the test sets."""

    def __init__(self, lease: LeaseLike) -> None:
        self.id = lease.id
        self.lives = True

    def alive(self) -> bool:
        return self.lives


def test_recorded_lease_decides_ownership(config: Config) -> None:
    """A Config shares the record among its transactions."""
    lease = FakeLease(config.client_lease)
    taken: dict[str, LeaseLike] = {}

    def ownership(txn: Any, record: dict[str, LeaseLike] | None = taken) -> OwnershipOperations:
        context = Context(txn.raw, "", config.owner, lambda: lease, record)
        return OwnershipOperations(context, "/pb/pb-x/owner")

    for txn in config.txn():
        assert not ownership(txn).is_owner()
        ownership(txn).take()
        assert ownership(txn).is_owner()
    for txn in config.txn():
        assert ownership(txn).is_owner()
        # A restarted process with the same host name and process ID has an empty record.
        assert not ownership(txn, {}).is_owner()
        with pytest.raises(ConfigCollision):
            ownership(txn, {}).take()
        ownership(txn, {}).release()
        assert ownership(txn).is_owned()
    # The lease is lost, but the database has not yet deleted its keys.
    lease.lives = False
    for txn in config.txn():
        assert not ownership(txn).is_owner()
        assert ownership(txn).is_owned()
    fresh = FakeLease(config.lease())
    for txn in config.txn():
        ownership(txn).take(fresh)
    for txn in config.txn():
        assert ownership(txn).is_owner()
    config.client_lease.revoke()
    for txn in config.txn():
        assert ownership(txn).is_owner()
        ownership(txn).release()
        assert not ownership(txn).is_owned()


def test_component_is_alive_while_owner_key_exists(
    config: Config, make_config: MakeConfig
) -> None:
    helmdeploy = make_config(component_name="helmdeploy", owner=OTHER)
    for txn in config.txn():
        txn.component.ownership("lmc-controller").take()
        # Neither key makes a component alive.
        txn.component.state("proccontrol").create({"status": "x"})
        txn.create("/component/idle", "x")
    for txn in config.txn():
        component = txn.component
        alive = {"helmdeploy": Owner(**OTHER), "lmc-controller": Owner(**config.owner)}
        assert component.list_keys() == list(component.query_keys()) == list(alive)
        assert component.list_values() == list(component.query_values()) == list(alive.items())
        assert component.list_keys(prefix="lmc-") == ["lmc-controller"]
        assert component.get("helmdeploy") == component("helmdeploy").get() == Owner(**OTHER)
        assert component.get("proccontrol") is None
        assert not component.exists("proccontrol")
        assert component.ownership("lmc-controller").is_owner()
        assert not component.ownership("helmdeploy").is_owner()
    helmdeploy.close()
    wait_until_gone(config, "/component/helmdeploy/owner")
    for txn in config.txn():
        assert txn.component.list_keys() == ["lmc-controller"]


def test_component_create_update_and_delete(config: Config) -> None:
    owner, other = Owner(**config.owner), Owner(**OTHER)
    for txn in config.txn():
        txn.component.create("a", owner)
        with pytest.raises(ConfigCollision):
            txn.component.create("a", owner)
        txn.component.create_or_update("b", owner)
        txn.component.update("a", other)
        txn.component.create_or_update("b", other)
        txn.component.state("a").create({})
        txn.create("/component/b/notes", "x")
    for txn in config.txn():
        assert txn.component.list_values() == [("a", other), ("b", other)]
        txn.component.delete("a")
        txn.component.delete("b", recurse=True)
    for txn in config.txn():
        assert txn.list_keys("/component/", recurse=1) == []
