"""Collections of entities: operations by key or model, and listings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from ska_sdp_config.entity import ProcessingBlock
from ska_sdp_config.entity.flow import DataProduct
from ska_sdp_config.operations.entity_operations import (
    CollectiveEntityOperations,
    EntityOperations,
)
from tests.support.entities import CASES, claim, flow
from tests.support.waiting import wait_until


@pytest.mark.parametrize("name", CASES)
def test_collection_creates_updates_and_deletes(config: Config, name: str) -> None:
    first, second, absent = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        assert isinstance(entities, CollectiveEntityOperations)
        assert entities.list_keys() == []
        assert entities.list_values() == []
        entities.create(second)
        entities.create(first)
        assert entities.list_keys() == [first.key, second.key]
        with pytest.raises(ConfigCollision):
            entities.create(first)
    for txn in config.txn():
        entities = getattr(txn, name)
        assert entities.list_keys() == [first.key, second.key]
        assert entities.list_values() == [(first.key, first), (second.key, second)]
        assert entities.get(first.key) == entities.get(first) == first
        assert entities.get(str(first.key)) == first
        assert entities.exists(second)
        assert entities.get(absent) is None
        assert not entities.exists(absent)
        with pytest.raises(ConfigVanished):
            entities.delete(absent)
        changed = first.model_copy()
        changed.note = "é"
        entities.update(changed)
        entities.create_or_update(second)
    for txn in config.txn():
        entities = getattr(txn, name)
        assert entities.get(first.key).note == "é"
        entities.delete(first)
        with pytest.raises(ConfigVanished):
            entities.update(first)
        entities.create_or_update(first)
        entities.delete(second.key)
    for txn in config.txn():
        assert getattr(txn, name).list_values() == [(first.key, first)]


@pytest.mark.parametrize("name", CASES)
def test_entity_operations_create_update_and_delete(config: Config, name: str) -> None:
    first, second, _ = CASES[name]
    for txn in config.txn():
        one = getattr(txn, name)(first.key)
        assert isinstance(one, EntityOperations)
        assert one.get() is None
        one.create(first)
        with pytest.raises(ValueError, match="keys differ"):
            one.update(second)
        with pytest.raises(ValueError, match="keys differ"):
            one.update(second.to_dict() | {"key": second.key})
        with pytest.raises(TypeError, match="give a"):
            one.update([first])
        one.create_or_update(first)
        one.state.create({"status": "WAITING"})
        assert one.state().get() == {"status": "WAITING"}
        assert one.ownership().get() is None
        one.update(first)
        assert one.exists()
        one.delete()
        assert not one.exists()
        assert not one.state.exists()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("recurse", [False, True])
def test_delete_removes_only_state_and_owner(config: Config, name: str, recurse: bool) -> None:
    first, second, _ = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        for entity in (first, second):
            entities.create(entity)
            entities.state(entity).create({"status": "x"})
            entities.ownership(entity).take()
            txn.create(f"{entities(entity).path}/notes", "text")
    for txn in config.txn():
        entities = getattr(txn, name)
        entities.delete(first, recurse=recurse)
    for txn in config.txn():
        entities = getattr(txn, name)
        gone, kept = entities(first).path, entities(second).path
        left = [f"{gone}/notes"] if not recurse else []
        assert txn.list_keys("/", recurse=3) == sorted(
            [*left, kept, f"{kept}/notes", f"{kept}/owner", f"{kept}/state"]
        )


@pytest.mark.parametrize("name", CASES)
def test_state_operations_create_update_and_delete(config: Config, name: str) -> None:
    entity, _, absent = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        entities.create(entity)
        by_model, by_key = entities.state(entity), entities.state(entity.key)
        assert by_model.path == by_key.path == f"{entities(entity).path}/state"
        assert by_model.get() is None
        assert not by_model.exists()
        with pytest.raises(ConfigVanished):
            by_key.update({})
        by_key.create({})
        assert by_model.get() == {}
        assert by_model.exists()
        with pytest.raises(ConfigCollision):
            by_model.create({"status": "WAITING"})
        by_model.update({"status": "WAITING", "any": [None, {"thing": 1.5}]})
        assert by_key.get() == {"status": "WAITING", "any": [None, {"thing": 1.5}]}
        entities.state(absent).create_or_update({"status": "a"})
        entities.state(absent).create_or_update({"status": "b"})
    for txn in config.txn():
        entities = getattr(txn, name)
        assert entities.state(absent).get() == {"status": "b"}
        # A state without an entity is not listed.
        assert entities.list_keys() == [entity.key]
        entities.state(absent).delete()
        with pytest.raises(ConfigVanished):
            entities.state(absent).delete()


FLOWS = [
    flow("pb-a", "v"),
    flow("pb-a", "w", DataProduct(data_dir="/d", paths=[])),
    flow("pb-ab", "v"),
    flow("pb-ab", "w", DataProduct(data_dir="/d", paths=[])),
]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, [1, 0, 3, 2]),
        ({"pb_id": "pb-a"}, [1, 0]),
        ({"kind": "data-product"}, [1, 3]),
        ({"name": "v"}, [0, 2]),
        ({"pb_id": "pb-ab", "kind": "shared-mem"}, [2]),
        ({"pb_id": "pb-a", "name": "w"}, [1]),
        ({"pb_id": "pb-a", "kind": "data-product", "name": "w"}, [1]),
        ({"pb_id": "pb-a", "kind": "data-product", "name": "v"}, []),
        ({"pb_id": "pb"}, []),
        ({"kind": "data"}, []),
    ],
)
def test_listing_filters_by_key_parts(
    config: Config, parts: dict[str, str], expected: list[int]
) -> None:
    wanted = [(FLOWS[n].key, FLOWS[n]) for n in expected]
    for txn in config.txn():
        for each in FLOWS:
            txn.flow.create(each)
            txn.flow.state(each).create({})
        # Keys that are not flows.
        txn.create("/flow/pb-a", "x")
        txn.create("/flow/pb-a:data-product:w:more", "x")
    for txn in config.txn():
        assert txn.flow.list_keys(**parts) == [key for key, _ in wanted]
        assert list(txn.flow.query_keys(**parts)) == [key for key, _ in wanted]
        assert txn.flow.list_values(**parts) == wanted
        assert list(txn.flow.query_values(**parts)) == wanted


def test_listing_filters_by_prefix(config: Config) -> None:
    ids = ["pb-sim-20240101-00000", "pb-sim-20240102-00000", "pb-tmc-20240101-00000"]
    for txn in config.txn():
        for pb_id in ids:
            txn.processing_block.create(ProcessingBlock(pb_id, None, "batch:x:1"))
    for txn in config.txn():
        assert txn.processing_block.list_keys(prefix="pb-sim") == ids[:2]
        assert [key for key, _ in txn.processing_block.query_values(prefix=ids[2])] == ids[2:]
        assert txn.list_processing_blocks("pb-sim-20240102") == ids[1:2]


def test_invalid_filter_is_rejected_before_iteration(config: Config) -> None:
    for txn in config.txn():
        for ask in (txn.flow.query_keys, txn.flow.query_values, txn.flow.list_keys):
            with pytest.raises(TypeError, match="no part 'origin'"):
                ask(origin="x")
            with pytest.raises(ValueError, match=r"."):
                ask(kind="a/b")
            with pytest.raises(ValueError, match="contains ':'"):
                ask(kind="a:b")
        with pytest.raises(TypeError, match="no part 'kind'"):
            txn.processing_block.list_keys(kind="batch")
        with pytest.raises(ValueError, match="use 1 to 128"):
            txn.processing_block.list_values(prefix="x/")
        with pytest.raises(ValueError, match="use 1 to 128"):
            txn.subarray.query_keys(prefix="x/")


@pytest.mark.parametrize("name", CASES)
def test_query_reads_at_first_item(config: Config, name: str) -> None:
    entity = CASES[name][0]
    for txn in config.txn():
        entities = getattr(txn, name)
        keys, values = entities.query_keys(), entities.query_values()
        assert isinstance(keys, Iterator)
        assert isinstance(values, Iterator)
        entities.create(entity)
        assert list(keys) == [entity.key]
        assert list(values) == [(entity.key, entity)]


def test_error_of_corrupt_value_names_path(config: Config) -> None:
    for txn in config.txn():
        txn.create("/pb/pb-x", "no JSON")
        txn.create("/flow/a:b:c", "{}")
        txn.create("/pb/pb-x/state", "{")
    for txn in config.txn():
        with pytest.raises(ValueError, match=r"/pb/pb-x is not JSON"):
            txn.processing_block.get("pb-x")
        with pytest.raises(ValueError, match=r"/flow/a:b:c is no Flow: sink: Field required"):
            txn.flow.get("a:b:c")
        with pytest.raises(ValueError, match=r"/pb/pb-x/state is not JSON"):
            txn.get_processing_block_state("pb-x")
        assert txn.processing_block.list_keys() == ["pb-x"]


def test_transaction_is_usable_after_caught_collision(config: Config) -> None:
    dependency = claim("pb-a", "v")
    for txn in config.txn():
        txn.dependency.create(dependency)
        txn.dependency.state(dependency).create({})
    for txn in config.txn():
        try:
            txn.dependency.state(dependency).create({"status": "WORKING"})
        except ConfigCollision:
            txn.dependency.state(dependency).update({"status": "WORKING"})
    for txn in config.txn():
        assert txn.dependency.state(dependency.key).get() == {"status": "WORKING"}
        assert txn.dependency.list_keys(pb_id="pb-a", name="v") == [dependency.key]


def test_watcher_runs_after_absent_entity_is_created(config: Config) -> None:
    key = FLOWS[0].key
    seen: list[Any] = []

    def write() -> None:
        for txn in config.txn():
            txn.flow.create(FLOWS[0])
            state = txn.flow.state(FLOWS[0])
            state.create({"n": 0})
            for n in range(1, 6):
                state.update({"n": n})

    writer = threading.Thread(target=write)
    for watcher in config.watcher(timeout=120):
        for txn in watcher.txn():
            found = txn.flow.get(key)
            seen.append(txn.flow.state(found).get() if found else None)
        if found:
            break
        if not writer.ident:
            writer.start()
    writer.join()
    assert seen == [None, {"n": 5}]


def test_filtered_listing_conflicts_only_with_matches(config: Config) -> None:
    for txn in config.txn():
        for each in FLOWS:
            txn.flow.create(each)
    for attempts, txn in enumerate(config.txn(), start=1):
        assert len(txn.flow.list_values(kind="data-product")) == 2
        if attempts == 1:
            other = FLOWS[0].model_copy(update={"expiry_time": 5})
            for txn2 in config.txn():
                txn2.flow.update(other)
        txn.create("/done", "")
    assert attempts == 1
    wait_until(lambda: config.backend.get("/done")[0] is not None)
