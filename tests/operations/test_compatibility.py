"""Collections as programs for other releases use them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config.config import Config
from ska_sdp_config.entity import (
    Dependency,
    Deployment,
    ExecutionBlock,
    Flow,
    Owner,
    ProcessingBlock,
    Script,
)
from ska_sdp_config.operations.entity_operations import CollectiveEntityOperations
from ska_sdp_config.transaction import Transaction
from tests.support.configs import MakeConfig
from tests.support.entities import CASES, flow
from tests.support.waiting import wait_until

WHOLE = Flow.Key(pb_id="pb-a", kind="shared-mem", name="v")


FLOW = flow("pb-a", "v")


# Invalid values


DAMAGED = ["no JSON", "[]", "5", '{"args": 5, "sink": {}, "script": 5, "scan_id": "x"}']


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("text", DAMAGED)
def test_listing_leaves_out_invalid_entities(
    config: Config, name: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, _ = CASES[name]
    if name == "dependency" and "args" in text:
        text = '{"expiry_time": "soon"}'
    if name in ("resource", "request", "allocation") and "args" in text:
        text = "null"  # any object is valid
    for txn in config.txn():
        entities = getattr(txn, name)
        entities.create(first)
        path = entities(second).path
        txn.create(path, text)
    for txn in config.txn():
        entities = getattr(txn, name)
        for values in (entities.list_values(), list(entities.query_values())):
            assert values == [(first.key, first)]
        (warning,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
        assert warning.levelno == logging.WARNING
        assert path in warning.getMessage()
        assert "\n" not in warning.getMessage()
        assert entities.list_keys() == [first.key, second.key]
        with pytest.raises(ValueError, match=path):
            entities.get(second.key)
        entities.delete(second.key)


def test_filtered_listing_leaves_out_invalid_entities(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    for txn in config.txn():
        txn.flow.create(FLOW)
        txn.create("/flow/pb-b:shared-mem:v", "{}")
    for txn in config.txn():
        assert txn.flow.list_values(kind="shared-mem") == [(WHOLE, FLOW)]
    assert "/flow/pb-b:shared-mem:v" in caplog.text
    assert "sink: Field required" in caplog.text


def test_listing_leaves_out_invalid_json(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    owner = Owner(pid=1, hostname="h", command=[])
    for txn in config.txn():
        txn.create_subarray("01", {})
        txn.component.create("a", owner)
        for path in ("/lmc/subarray/02", "/component/b/owner"):
            txn.create(path, "no JSON")
        txn.create("/component/c/owner", "{}")
    for txn in config.txn():
        assert txn.subarray.list_values() == [("01", {})]
        assert txn.component.list_values() == [("a", owner)]
        assert txn.arbitrary.list_values("/lmc/subarray/") == [("/lmc/subarray/01", {})]
        with pytest.raises(ValueError, match=r"/component/c/owner is no Owner"):
            txn.component.get("c")
    messages = [record.getMessage() for record in caplog.records]
    for path in ("/lmc/subarray/02", "/component/b/owner", "/component/c/owner"):
        assert any(path in message for message in messages)


def test_invalid_value_is_logged_once_for_each_write(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    paths = ["/eb/eb-a", "/lmc/subarray/01", "/component/a/owner"]
    for text in ("no JSON", "[", "no JSON"):
        for txn in config.txn():
            for path in paths:
                txn.delete(path, must_exist=False)
                txn.create(path, text)
        caplog.clear()
        for _ in range(3):
            for txn in config.txn():
                for listed in (txn.execution_block, txn.subarray, txn.component):
                    assert listed.list_values() == []
        logged = [record.getMessage() for record in caplog.records]
        assert [any(path in each for each in logged) for path in paths] == [True] * 3
        assert len(logged) == 3


# Ways to identify an entity


NAMES: list[tuple[str, str, dict[str, str]]] = [
    ("processing_block", "pb-a", {"pb_id": "pb-a"}),
    ("processing_block", "pb-a", {"key": "pb-a"}),
    ("execution_block", "eb-a", {"eb_id": "eb-a"}),
    ("deployment", "proc-a", {"dpl_id": "proc-a"}),
    ("script", "batch:a:1", {"kind": "batch", "name": "a", "version": "1"}),
    ("script", "other:a:1", {"kind": "other", "name": "a", "version": "1"}),
    ("flow", "pb-a:shared-mem:v", {"pb_id": "pb-a", "kind": "shared-mem", "name": "v"}),
    ("dependency", "a:b:c:d", {"pb_id": "a", "kind": "b", "name": "c", "origin": "d"}),
]


@pytest.mark.parametrize(("name", "key", "parts"), NAMES)
def test_collection_call_accepts_key_parts(
    config: Config, name: str, key: str, parts: dict[str, str]
) -> None:
    for txn in config.txn():
        entities: CollectiveEntityOperations[Any, Any] = getattr(txn, name)
        path = entities(key).path
        assert path.endswith(f"/{key}")
        assert entities(**parts).path == entities(parts).path == path
        if len(parts) > 1:
            assert entities(*parts.values()).path == path
            first, *rest = parts
            assert entities(parts[first], **{each: parts[each] for each in rest}).path == path
        wrong: list[tuple[tuple[str, ...], dict[str, str]]] = [
            ((), {}),
            ((), parts | {"sort": "x"}),
            ((key,), parts),
            ((*parts.values(), "more"), {}),
        ]
        for args, given in wrong:
            with pytest.raises((TypeError, ValueError)):
                entities(*args, **given)


# Dicts and models


@pytest.mark.parametrize("name", CASES)
def test_collection_accepts_dict_as_model(config: Config, name: str) -> None:
    first, second, _ = CASES[name]
    fields = first.to_dict()
    key = first.key if isinstance(first.key, str) else first.key.to_dict()
    for txn in config.txn():
        entities = getattr(txn, name)
        entities.create({"key": key} | fields)
        entities(second.key).create(second.to_dict())
    for txn in config.txn():
        entities = getattr(txn, name)
        assert entities.list_values() == [(first.key, first), (second.key, second)]
        entities.update({"key": key, "note": 1} | fields)
        assert entities.get(first).note == 1
        entities(first.key).create_or_update({"note": 2} | fields)
        entities.create_or_update({"key": str(first.key), "note": 3} | fields)
        stored = entities.get(first.key)
        assert stored.to_dict() == {"note": 3} | fields
        with pytest.raises(ValueError, match="keys differ"):
            entities(second.key).update({"key": key} | fields)
        entities.delete({"key": key} | fields)
        assert entities.list_keys() == [second.key]


def test_create_validates_dict_as_new_entity(
    config: Config,
) -> None:
    old = {"image": "i"}
    for txn in config.txn():
        with pytest.raises(ValueError, match="no kind of script"):
            txn.script.create({"key": "streaming:x:1"} | old)
        txn.create("/script/streaming:x:1", "{}")
        txn.script.update({"key": "streaming:x:1"} | old)
        found = txn.script.get("streaming:x:1")
        assert found is not None
        assert found.image == "i"
        with pytest.raises(ValueError, match="is no id"):
            txn.processing_block.create_or_update({"script": "batch:x:1"})
        with pytest.raises(ValueError, match="script"):
            txn.processing_block.create({"pb_id": "pb-x"})


def test_flat_methods_accept_dict_or_model(config: Config) -> None:
    pb = {"pb_id": "pb-x", "script": {"kind": "batch", "name": "x", "version": "1"}}
    dpl = {"dpl_id": "proc-x", "kind": "helm", "args": {}}
    script = Script(key=Script.Key(kind="batch", name="x", version="1"), image="i")
    for txn in config.txn():
        txn.create_processing_block(pb)
        txn.update_processing_block(pb | {"parameters": {"a": 1}})
        txn.create_deployment(dpl)
        txn.update_deployment(dpl | {"args": {"chart": "c"}})
        txn.create_execution_block("eb-x", ExecutionBlock(key="eb-x", subarray_id="01"))
        txn.update_execution_block("eb-x", ExecutionBlock(key="eb-x", subarray_id="02"))
        txn.create_script("batch", "x", "1", script)
        txn.create_processing_block_state("pb-x", Owner(pid=1, hostname="h", command=[]))
    for txn in config.txn():
        found = txn.get_processing_block("pb-x")
        assert found == ProcessingBlock("pb-x", None, "batch:x:1", {"a": 1})
        assert txn.get_deployment("proc-x") == Deployment("proc-x", "helm", {"chart": "c"})
        assert txn.get_execution_block("eb-x") == {
            "key": "eb-x",
            "eb_id": "eb-x",
            "subarray_id": "02",
        }
        assert txn.get_script("batch", "x", "1") == {"image": "i"}
        assert txn.get_processing_block_state("pb-x") == {
            "pid": 1,
            "hostname": "h",
            "command": [],
        }


def test_documents_of_release_0_3_are_readable(config: Config) -> None:
    workflow = '{"type": "batch", "id": "x", "version": "1"}'
    for txn in config.txn():
        txn.create("/pb/pb-x", f'{{"id": "pb-x", "sbi_id": "eb-x", "workflow": {workflow}}}')
        txn.create("/deploy/proc-x", '{"id": "proc-x", "type": "helm", "args": {}}')
    for txn in config.txn():
        pb, dpl = txn.get_processing_block("pb-x"), txn.get_deployment("proc-x")
        assert pb == ProcessingBlock("pb-x", "eb-x", "batch:x:1")
        assert dpl == Deployment("proc-x", "helm", {})
        assert pb is not None
        txn.update_processing_block(pb)
    for txn in config.txn():
        assert txn.get_processing_block("pb-x") == pb


# Owners and leases


def test_config_accepts_owner_as_model_or_dict(make_config: MakeConfig) -> None:
    owner = Owner(pid=5, hostname="h", command=["a"])
    for given in (owner, owner.to_dict()):
        with make_config(owner=given, component_name="worker") as config:
            assert config.owner == owner.to_dict()
            assert config.alive_key == "/component/worker/owner"
            for txn in config.txn():
                txn.processing_block.ownership("pb-x").take()
                assert txn.processing_block.ownership("pb-x").get() == owner
                assert txn.processing_block.ownership("pb-x").is_owner()
                assert txn.component.get("worker") == owner
                txn.component.create_or_update("other", given)
                assert txn.component.get("other") == owner


def test_component_accepts_owner_by_name(config: Config) -> None:
    first = Owner(pid=1, hostname="h", command=[])
    second = Owner(pid=2, hostname="h", command=[])
    for txn in config.txn():
        txn.component.create("a", owner=first)
        assert txn.component.get("a") == first
        txn.component.update(key="a", owner=second)
        assert txn.component.get("a") == second
        txn.component.create_or_update("b", owner=first)
        assert txn.component.get("b") == first
        txn.component("b").create_or_update(owner=second)
        assert txn.component.get("b") == second


def test_config_has_backend_and_alive_key(make_config: MakeConfig) -> None:
    config = make_config(global_prefix="/test", component_name="worker")
    assert config._backend is config.backend
    assert config.alive_key == "/test/component/worker/owner"
    assert make_config().alive_key is None


def test_ownership_and_create_accept_lease_or_id(config: Config) -> None:
    with config.lease() as lease:
        for txn in config.txn():
            txn.take_processing_block("pb-a", lease)
            txn.take_processing_block("pb-b", lease.id)
            txn.processing_block.ownership("pb-c").take(lease=lease.id)
            txn.create("/d", "1", lease=lease.id)
            txn.create("/e", "1", lease=lease)
            txn.update("/e", "2")
        for txn in config.txn():
            assert txn.get("/e") == "2"
            for pb_id in ("pb-a", "pb-b", "pb-c"):
                assert txn.is_processing_block_owner(pb_id)
                assert txn.raw.lease_of(f"/pb/{pb_id}/owner") == lease.id
    wait_until(lambda: not config.backend.list_keys("/", recurse=3)[0])
    for txn in config.txn():
        assert not txn.is_processing_block_owner("pb-b")


LATE: list[Callable[[Transaction], object]] = [
    lambda txn: txn.create("/a", "1"),
    lambda txn: txn.create_processing_block(ProcessingBlock("pb-x", None, "batch:x:1")),
    lambda txn: txn.create_execution_block("eb-x", {}),
    lambda txn: txn.processing_block.state("pb-x").create({}),
    lambda txn: txn.flow.create(FLOW),
    lambda txn: txn.dependency.list_keys(),
    lambda txn: list(txn.dependency.query_values()),
    lambda txn: txn.dependency.get(Dependency.Key(pb_id="a", kind="b", name="c", origin="d")),
    lambda txn: txn.processing_block.ownership("pb-x").take(),
]


def test_call_after_end_of_transaction_is_rejected(config: Config) -> None:
    (txn,) = config.txn()
    for call in LATE:
        with pytest.raises(RuntimeError, match="This transaction has ended"):
            call(txn)
