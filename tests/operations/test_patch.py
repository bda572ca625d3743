"""Change of some fields of a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config import Config, ConfigVanished
from ska_sdp_config.config import Transaction
from ska_sdp_config.entity import Flow
from ska_sdp_config.operations.values import StateOperations

FLOW = Flow.Key(pb_id="pb-x", kind="data-product", name="vis")

STATES: dict[str, Callable[[Transaction], StateOperations]] = {
    "pb": lambda txn: txn.processing_block.state("pb-x"),
    "eb": lambda txn: txn.execution_block.state("eb-x"),
    "deployment": lambda txn: txn.deployment.state("proc-x"),
    "flow": lambda txn: txn.flow.state(FLOW),
    "one pb": lambda txn: txn.processing_block("pb-x").state,
    "controller": lambda txn: txn.controller.state,
}


def create(config: Config, value: Any) -> None:
    for txn in config.txn():
        txn.processing_block.state("pb-x").create_or_update(value)


def stored(config: Config) -> Any:
    for txn in config.txn():
        value = txn.processing_block.state("pb-x").get()
    return value


@pytest.mark.parametrize("kind", STATES)
def test_patch_keeps_other_fields(config: Config, kind: str) -> None:
    state = STATES[kind]
    for txn in config.txn():
        state(txn).create({"status": "TOMORROWS", "own": {"a": 1}})
    for txn in config.txn():
        new = state(txn).patch(resources_available=True, reason=None)
    expected = {
        "status": "TOMORROWS",
        "own": {"a": 1},
        "resources_available": True,
        "reason": None,
    }
    assert new == expected
    for txn in config.txn():
        assert state(txn).get() == expected


@pytest.mark.parametrize("kind", STATES)
def test_patch_of_missing_state_is_rejected(config: Config, kind: str) -> None:
    for txn in config.txn():
        with pytest.raises(ConfigVanished):
            STATES[kind](txn).patch(status="FAILED")
        assert STATES[kind](txn).get() is None


def test_patch_of_flow_that_no_flow_matches_is_rejected(config: Config) -> None:
    for txn in config.txn():
        with pytest.raises(ConfigVanished):
            txn.flow.state(Flow.Key(pb_id="pb-x", name="vis")).patch(status="FLOWING")


def test_patch_sets_status(config: Config) -> None:
    create(config, {"status": "RUNNING"})
    for txn in config.txn():
        txn.processing_block.state("pb-x").patch(status="FINISHED")
    assert stored(config) == {"status": "FINISHED"}


def test_patch_sets_status_to_null(config: Config) -> None:
    create(config, {"status": "RUNNING"})
    for txn in config.txn():
        txn.processing_block.state("pb-x").patch(status=None)
    assert stored(config) == {"status": None}


def test_patch_takes_any_field_name(config: Config) -> None:
    create(config, {})
    for txn in config.txn():
        txn.processing_block.state("pb-x").patch(self=1, fields=2, path=3)
    assert stored(config) == {"self": 1, "fields": 2, "path": 3}


def test_patch_replaces_whole_fields(config: Config) -> None:
    create(config, {"deployments": {"a": "PENDING", "b": "RUNNING"}})
    for txn in config.txn():
        txn.processing_block.state("pb-x").patch(deployments={"a": "RUNNING"})
    assert stored(config) == {"deployments": {"a": "RUNNING"}}


@pytest.mark.parametrize("value", [[1], "text", None])
def test_patch_of_other_json_is_rejected(config: Config, value: Any) -> None:
    create(config, value)
    for txn in config.txn():
        with pytest.raises(ValueError, match=r"/pb/pb-x/state.*not a JSON object.*update"):
            txn.processing_block.state("pb-x").patch(status="FAILED")
    assert stored(config) == value


def test_patch_sees_changes_of_others(config: Config) -> None:
    """A field that another program writes meanwhile is kept, as the body runs again."""
    create(config, {"status": "RUNNING"})
    runs = 0
    for txn in config.txn():
        runs += 1
        state = txn.processing_block.state("pb-x")
        state.patch(deployments_ready=True)
        if runs == 1:
            create(config, {"status": "READY"})
    assert runs == 2
    assert stored(config) == {"status": "READY", "deployments_ready": True}
