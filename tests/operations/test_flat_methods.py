"""Flat methods of a transaction, alone and together with the collections."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Deployment, ProcessingBlock
from ska_sdp_config.transaction import Transaction

EB = {
    "eb_id": "eb-mvp01-20200425-000000",
    "max_length": 21600.0,
    "scan_types": [{"scan_type_id": "science"}],
    "pb_realtime": ["pb-mvp01-20200425-000000"],
    "status": "SCANNING",
    "last_updated": "2022-08-01 10:01:12",
}
PB_STATE = {
    "resources_available": True,
    "status": "RUNNING",
    "receive_addresses": [{"scan_type_id": "science"}],
}

# Name of the methods, the arguments that identify the value, and two values.
DICTS: dict[str, tuple[tuple[str, ...], Any, Any]] = {
    "execution_block": (("eb-x",), EB, {"test": True}),
    "execution_block_state": (("eb-x",), {"status": "ACTIVE", "scans": []}, {}),
    "processing_block_state": (("pb-x",), PB_STATE, {}),
    "deployment_state": (("proc-x",), {"pods": {"p": "Running"}}, {}),
    "subarray": (("01",), {"state": "OFF"}, {"state": "ON", "eb_id": None}),
    "controller": ((), {"state": "OFF"}, {}),
    "script": (("batch", "x", "1.0"), {"image": "i"}, {"image": "j", "parameters": {"a": 1}}),
}


@pytest.mark.parametrize("name", DICTS)
def test_flat_methods_round_trip_dicts(config: Config, name: str) -> None:
    which, first, second = DICTS[name]
    for txn in config.txn():
        get, create, update, delete = (
            getattr(txn, f"{verb}_{name}") for verb in ("get", "create", "update", "delete")
        )
        assert get(*which) is None
        with pytest.raises(ConfigVanished):
            update(*which, first)
        with pytest.raises(ConfigVanished):
            delete(*which)
        create(*which, first)
        assert get(*which) == first
        with pytest.raises(ConfigCollision):
            create(*which, first)
    for txn in config.txn():
        assert getattr(txn, f"get_{name}")(*which) == first
        getattr(txn, f"update_{name}")(*which, second)
    for txn in config.txn():
        assert getattr(txn, f"get_{name}")(*which) == second
        getattr(txn, f"delete_{name}")(*which)
    for txn in config.txn():
        assert txn.list_keys("/", recurse=4) == []


MODELS: dict[str, list[Any]] = {
    "processing_block": [
        ProcessingBlock("pb-x", "eb-x", {"kind": "batch", "name": "a", "version": "1"}),
        ProcessingBlock("pb-x", "eb-x", "batch:a:2", {"more": 1}),
    ],
    "deployment": [
        Deployment("proc-x", "helm", {"chart": "c"}),
        Deployment("proc-x", "helm", {"chart": "c", "values": {"a": 1}}),
    ],
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("by_model", [False, True])
def test_flat_methods_round_trip_models(config: Config, name: str, by_model: bool) -> None:
    first, second = MODELS[name]
    for txn in config.txn():
        get, create = getattr(txn, f"get_{name}"), getattr(txn, f"create_{name}")
        assert get(first.key) is None
        create(first)
        assert get(first.key) == first
        with pytest.raises(ConfigCollision):
            create(first)
    for txn in config.txn():
        assert getattr(txn, f"list_{name}s")() == [first.key]
        getattr(txn, f"update_{name}")(second)
        getattr(txn, f"create_{name}_state")(first.key, {"a": 1})
    for txn in config.txn():
        assert getattr(txn, f"get_{name}")(first.key) == second
        getattr(txn, f"delete_{name}")(second if by_model else second.key)
        with pytest.raises(ConfigVanished):
            getattr(txn, f"update_{name}")(second)
    for txn in config.txn():
        assert txn.list_keys("/", recurse=4) == []


def test_ids_are_listed_sorted(config: Config) -> None:
    ids = ["a-1", "a-2", "b-1"]
    for txn in config.txn():
        for each in reversed(ids):
            txn.create_processing_block(ProcessingBlock(each, None, "batch:x:1"))
            txn.create_execution_block(each, {})
            txn.create_deployment(Deployment(each, "helm", {}))
            txn.create_subarray(each, {})
            txn.create_processing_block_state(each, {})
    for txn in config.txn():
        for list_them in (
            txn.list_processing_blocks,
            txn.list_execution_blocks,
            txn.list_deployments,
            txn.list_subarrays,
        ):
            assert list_them() == list_them(prefix="") == ids
            assert list_them("a-") == list_them(prefix="a-") == ids[:2]
            assert list_them("c") == []


def test_scripts_are_listed_as_tuples(config: Config) -> None:
    scripts = [
        ("batch", "a", "1"),
        ("batch", "a", "2"),
        ("batch", "a-b", "1"),
        ("realtime", "a", "1"),
    ]
    for txn in config.txn():
        for script in reversed(scripts):
            txn.create_script(*script, {"image": "i"})
    for txn in config.txn():
        assert txn.list_scripts() == scripts
        assert txn.list_scripts(kind="batch") == scripts[:3]
        assert txn.list_scripts(name="a") == [scripts[0], scripts[1], scripts[3]]
        assert txn.list_scripts("batch", "a") == scripts[:2]
        assert txn.list_scripts("realtime", "b") == []


def test_create_rejects_invalid_id(config: Config) -> None:
    for txn in config.txn():
        with pytest.raises(ValueError, match="cannot be the id"):
            txn.create_execution_block("eb_x", {})
        with pytest.raises(ValueError, match="no part of a key"):
            txn.create_script("batch", "a b", "1", {})
        with pytest.raises(ValueError, match="is no id"):
            txn.create_subarray("0/1", {})
        txn.create("/eb/eb_x", "{}")
        txn.update_execution_block("eb_x", {"fixed": True})
        assert txn.get_execution_block("eb_x") == {"fixed": True}
        txn.delete_execution_block("eb_x")
        assert txn.list_keys("/", recurse=4) == []


def test_text_round_trip_is_exact(config: Config) -> None:
    text = "Any text: é ☆ \U0001f52d\n\t\0, no JSON"
    for txn in config.txn():
        txn.create("/a", text)
        assert txn.get("/a") == text
        with pytest.raises(ConfigCollision):
            txn.create("/a", "")
        with pytest.raises(ConfigVanished):
            txn.update("/b", "")
    for txn in config.txn():
        assert txn.get_many(["/a", "/b"]) == {"/a": text, "/b": None}
        txn.update("/a", "")
        txn.create("/a/b/c", "x")
    for txn in config.txn():
        assert txn.get("/a") == ""
        assert txn.list_keys("/a", recurse=2) == ["/a", "/a/b/c"]
        assert txn.revision == txn.raw.revision > 0
        txn.delete("/a", recursive=True)
        txn.delete("/b", must_exist=False)
    for txn in config.txn():
        assert txn.list_keys("/", recurse=4) == []


@pytest.mark.parametrize("path", ["a", "/a/", "", "/"])
def test_invalid_path_is_rejected(config: Config, path: str) -> None:
    for txn in config.txn():
        for call, arguments in (
            (txn.get, [path]),
            (txn.create, [path, ""]),
            (txn.update, [path, ""]),
            (txn.delete, [path]),
            (txn.arbitrary, [path]),
        ):
            with pytest.raises(ValueError, match="Path"):
                call(*arguments)


def test_every_public_method_has_docstring() -> None:
    for name, member in inspect.getmembers(Transaction):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name
