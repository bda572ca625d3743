"""Keys of flows without a kind, as in programs for other releases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Flow
from ska_sdp_config.entity.flow import DataProduct, SharedMem
from ska_sdp_config.operations.flow import Flows

BARE = Flow.Key(pb_id="pb-a", name="v")
WHOLE = Flow.Key(pb_id="pb-a", kind="shared-mem", name="v")


def flow(sink: Any = None, name: str = "v") -> Flow:
    return Flow(
        key=Flow.Key(pb_id="pb-a", name=name), sink=sink or SharedMem(impl="x"), data_model="v"
    )


def test_key_without_kind_finds_flow_in_every_operation(config: Config) -> None:
    for txn in config.txn():
        txn.flow.create(flow())
        # Flows that do not match.
        txn.flow.create(flow(name="vv"))
        txn.flow.create(flow().model_copy(update={"key": WHOLE.model_copy(update={"pb_id": "b"})}))
    for txn in config.txn():
        assert txn.flow.get(BARE) == txn.flow(BARE).get() == flow()
        assert txn.flow.exists(BARE)
        assert txn.flow(BARE).key == txn.flow(pb_id="pb-a", name="v").key == WHOLE
        txn.flow.state(BARE).create({"status": "WAITING"})
        assert txn.flow.state(WHOLE).get() == {"status": "WAITING"}
        txn.flow.ownership(BARE).take()
        assert txn.flow.ownership(WHOLE).is_owner()
        changed = flow()
        changed.expiry_time = 5
        txn.flow(BARE).update(changed)
        assert txn.flow(BARE).get() == changed
        txn.flow(BARE).create_or_update(flow())
        with pytest.raises(ConfigCollision):
            txn.flow(BARE).create(flow())
        txn.flow.delete(BARE)
        assert txn.flow.get(BARE) is None
        assert txn.flow.list_keys(pb_id="pb-a") == [flow(name="vv").key]
    for txn in config.txn():
        assert txn.flow.state(WHOLE).get() is None


WRITES: dict[str, Callable[[Flows], object]] = {
    "update": lambda flows: flows(BARE).update(flow()),
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
            one.create(flow(name="w"))
        assert txn.list_keys("/", recurse=3) == []
        one.create(flow())
        assert txn.flow.get(BARE) == flow()


def test_key_without_kind_is_rejected_with_two_matches(config: Config) -> None:
    for txn in config.txn():
        txn.flow.create(flow())
        txn.flow.create(flow(DataProduct(data_dir="/d", paths=[])))
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
        assert txn.flow.get(WHOLE) == flow()


def test_key_without_kind_is_watched(config: Config) -> None:
    seen = []
    for watcher in config.watcher(timeout=60):
        for txn in watcher.txn():
            found = txn.flow.get(BARE)
        seen.append(found)
        if found:
            break
        for txn in config.txn():
            txn.flow.create(flow())
    assert seen == [None, flow()]
