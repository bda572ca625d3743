"""Keys of flows without a kind, as in programs for other releases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Flow
from ska_sdp_config.entity.flow import DataProduct
from ska_sdp_config.operations.flow import Flows
from tests.support.entities import flow

BARE = Flow.Key(pb_id="pb-a", name="v")
WHOLE = Flow.Key(pb_id="pb-a", kind="shared-mem", name="v")


FLOW = flow("pb-a", "v")


def test_key_without_kind_finds_flow_in_every_operation(config: Config) -> None:
    for txn in config.txn():
        txn.flow.create(FLOW)
        # Flows that do not match.
        txn.flow.create(flow("pb-a", "vv"))
        txn.flow.create(FLOW.model_copy(update={"key": WHOLE.model_copy(update={"pb_id": "b"})}))
    for txn in config.txn():
        assert txn.flow.get(BARE) == txn.flow(BARE).get() == FLOW
        assert txn.flow.exists(BARE)
        assert txn.flow(BARE).key == txn.flow(pb_id="pb-a", name="v").key == WHOLE
        txn.flow.state(BARE).create({"status": "WAITING"})
        assert txn.flow.state(WHOLE).get() == {"status": "WAITING"}
        txn.flow.ownership(BARE).take()
        assert txn.flow.ownership(WHOLE).is_owner()
        changed = FLOW.model_copy(update={"expiry_time": 5})
        txn.flow(BARE).update(changed)
        assert txn.flow(BARE).get() == changed
        txn.flow(BARE).create_or_update(FLOW)
        with pytest.raises(ConfigCollision):
            txn.flow(BARE).create(FLOW)
        txn.flow.delete(BARE)
        assert txn.flow.get(BARE) is None
        assert txn.flow.list_keys(pb_id="pb-a") == [flow("pb-a", "vv").key]
    for txn in config.txn():
        assert txn.flow.state(WHOLE).get() is None


WRITES: dict[str, Callable[[Flows], object]] = {
    "update": lambda flows: flows(BARE).update(FLOW),
    "delete": lambda flows: flows(BARE).delete(),
    "delete by key": lambda flows: flows.delete(BARE),
    "create a state": lambda flows: flows.state(BARE).create({}),
    "update a state": lambda flows: flows.state(BARE).update({}),
    "write a state": lambda flows: flows.state(BARE).create_or_update({}),
    "delete a state": lambda flows: flows.state(BARE).delete(),
    "take": lambda flows: flows.ownership(BARE).take(),
}


def test_key_without_kind_is_absent_without_match(config: Config) -> None:
    for txn in config.txn():
        one, state, ownership = txn.flow(BARE), txn.flow.state(BARE), txn.flow.ownership(BARE)
        assert one.get() is state.get() is ownership.get() is None
        for present in (one.exists, state.exists, ownership.is_owned, ownership.is_owner):
            assert not present()
        ownership.release()
        state.delete(must_exist=False)
        for write in WRITES.values():
            with pytest.raises(ConfigVanished, match=r"/flow/pb-a:"):
                write(txn.flow)
        with pytest.raises(ValueError, match="keys differ"):
            one.create(flow("pb-a", "w"))
        assert txn.list_keys("/", recurse=3) == []
        one.create(FLOW)
        assert txn.flow.get(BARE) == FLOW


def test_key_without_kind_is_rejected_with_two_matches(config: Config) -> None:
    for txn in config.txn():
        txn.flow.create(FLOW)
        txn.flow.create(flow("pb-a", "v", DataProduct(data_dir="/d", paths=[])))
    for txn in config.txn():
        for ask in (
            txn.flow.get,
            txn.flow.exists,
            txn.flow.delete,
            txn.flow.state,
            txn.flow.ownership,
            txn.flow,
        ):
            with pytest.raises(ValueError, match=r"pb-a:data-product:v, pb-a:shared-mem:v"):
                ask(BARE)
        assert txn.flow.get(WHOLE) == FLOW


def test_key_without_kind_is_watched(config: Config) -> None:
    seen = []
    for watcher in config.watcher(timeout=60):
        for txn in watcher.txn():
            found = txn.flow.get(BARE)
        seen.append(found)
        if found:
            break
        for txn in config.txn():
            txn.flow.create(FLOW)
    assert seen == [None, FLOW]
