"""Entries of the Tango devices, and JSON values at any path."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from tests.support.entities import CASES


def test_controller_creates_updates_and_deletes(config: Config) -> None:
    for txn in config.txn():
        assert txn.controller.get() is None
        with pytest.raises(ConfigVanished):
            txn.controller.update({})
        txn.controller.create({"state": "OFF"})
        with pytest.raises(ConfigCollision):
            txn.controller.create({})
        txn.controller.create_or_update({"state": "ON"})
    for txn in config.txn():
        assert txn.controller.exists()
        assert txn.controller.get() == txn.get_controller() == {"state": "ON"}
        txn.controller.delete()
        assert txn.controller.get() is None


def test_subarrays_create_list_and_delete(config: Config) -> None:
    for txn in config.txn():
        assert txn.subarray.list_keys() == []
        txn.subarray.create("02", {"state": "ON"})
        txn.subarray("01").create({"state": "OFF"})
        txn.subarray.create_or_update("10", {})
    for txn in config.txn():
        subarray = txn.subarray
        assert subarray.list_keys() == list(subarray.query_keys()) == ["01", "02", "10"]
        assert subarray.list_keys(prefix="0") == ["01", "02"]
        assert subarray.list_values() == list(subarray.query_values())
        assert dict(subarray.list_values("0")) == {"01": {"state": "OFF"}, "02": {"state": "ON"}}
        subarray.update("01", {"state": "FAULT"})
        assert subarray("01").get() == subarray.get("01") == {"state": "FAULT"}
        assert subarray.exists("10")
        subarray.delete("10")
        assert not subarray.exists("10")


@pytest.mark.parametrize("value", [{"a": {"b": [1, None]}}, [], "text", 5, 1.5, True, {}])
def test_arbitrary_creates_updates_and_deletes(config: Config, value: Any) -> None:
    for txn in config.txn():
        arbitrary = txn.arbitrary
        assert arbitrary.get("/resource/capacity-buffer") is None
        arbitrary.create("/resource/capacity-buffer", value)
        assert arbitrary("/resource/capacity-buffer").get() == value
        arbitrary.create_or_update("/resource/capacity-buffer", [value])
        arbitrary("/x").create(None)
    for txn in config.txn():
        arbitrary = txn.arbitrary
        assert arbitrary.get("/resource/capacity-buffer") == [value]
        assert arbitrary.list_keys("/resource/") == ["/resource/capacity-buffer"]
        assert arbitrary.list_keys(recurse=1) == ["/resource/capacity-buffer", "/x"]
        assert arbitrary.exists("/x")
        arbitrary.delete("/x")
        arbitrary.delete("/resource/capacity-buffer")
        with pytest.raises(ConfigVanished):
            arbitrary.update("/x", 1)


def test_arbitrary_listing_matches_paths(config: Config) -> None:
    for txn in config.txn():
        arbitrary = txn.arbitrary
        assert arbitrary.list_values("/resource/") == []
        arbitrary.create("/resource/b", [1])
        arbitrary.create("/resource/a", {})
        arbitrary.create("/resource/a/deep", None)
    for txn in config.txn():
        arbitrary = txn.arbitrary
        assert list(arbitrary.query_keys("/resource/")) == ["/resource/a", "/resource/b"]
        assert arbitrary.list_values("/resource/") == [("/resource/a", {}), ("/resource/b", [1])]
        assert arbitrary.list_values("/resource/a", recurse=[1]) == [("/resource/a/deep", None)]
        assert list(arbitrary.query_values(recurse=1)) == arbitrary.list_values(recurse=1)
        assert [path for path, _ in arbitrary.list_values(recurse=2)] == [
            *arbitrary.query_keys(recurse=2)
        ]
        for ask in (arbitrary.query_keys, arbitrary.query_values, arbitrary.list_values):
            with pytest.raises(ValueError, match="does not begin with"):
                ask("resource")


OPERATIONS = (
    "get create update create_or_update delete exists list_keys list_values query_keys "
    "query_values state ownership"
)


@pytest.mark.parametrize("name", [*CASES, "component", "subarray", "arbitrary"])
def test_collection_has_every_operation(config: Config, name: str) -> None:
    for txn in config.txn():
        collection = getattr(txn, name)
        missing = [each for each in OPERATIONS.split() if not hasattr(collection, each)]
        assert missing == []


@pytest.mark.parametrize(
    ("name", "key", "path"),
    [
        ("controller", None, "/lmc/controller"),
        ("subarray", "01", "/lmc/subarray/01"),
        ("arbitrary", "/resource/x", "/resource/x"),
    ],
)
def test_entry_has_state_and_ownership(
    config: Config, name: str, key: str | None, path: str
) -> None:
    for txn in config.txn():
        collection = getattr(txn, name)
        entry = collection if key is None else collection(key)
        entry.create({"a": 1})
        assert entry.state.get() is None
        entry.state.create({})
        entry.ownership.take()
        if key is not None:
            assert collection.state(key).get() == {}
            assert collection.ownership(key).is_owner()
    for txn in config.txn():
        collection = getattr(txn, name)
        entry = collection if key is None else collection(key)
        assert txn.get(f"{path}/state") == "{}"
        assert entry.state().get() == {}
        assert entry.ownership().is_owner()
        entry.delete()
        # Deleting an entry also deletes its state and owner; an arbitrary value keeps them.
        assert entry.state.exists() == entry.ownership.is_owned() == (name == "arbitrary")
        entry.create({})
        entry.delete(recurse=True)
    for txn in config.txn():
        assert txn.list_keys("/", recurse=4) == []
