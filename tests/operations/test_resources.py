"""Collections of resources, requests and allocations, and the entry of the system."""

from __future__ import annotations

import logging

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Allocation, Request, Resource, System
from tests.support.configs import MakeConfig
from tests.support.entities import CASES


def test_resources_requests_and_allocations_have_documented_paths(
    make_config: MakeConfig,
) -> None:
    config = make_config(global_prefix="/t")
    for txn in config.txn():
        txn.resource.create(Resource(key="storage:capacity-buffer"))
        txn.resource.create(Resource(key="supernet"))
        txn.resource.state("supernet").create({"capacity_mb": 1, "available_mb": 1})
        txn.request.create(Request(key="pb-a:x", resource="supernet", quantity=1))
        txn.allocation.create(Allocation(key="pb-a:x", resource="supernet", quantity=1))
        txn.system.create({})
    for txn in config.txn():
        assert txn.list_keys("/", recurse=8) == [
            "/t/allocation/pb-a:x",
            "/t/request/pb-a:x",
            "/t/resource/storage:capacity-buffer",
            "/t/resource/supernet",
            "/t/resource/supernet/state",
            "/t/system",
        ]


def test_resources_are_found_with_and_without_kind(config: Config) -> None:
    for txn in config.txn():
        for name in ("a", "b", "k:a", "k:b", "m:a", "x:y:z"):
            txn.create(f"/resource/{name}", "{}")
    for txn in config.txn():
        resource = txn.resource
        assert [*map(str, resource.list_keys())] == ["a", "b", "k:a", "k:b", "m:a"]
        assert [*map(str, resource.list_keys(kind="k"))] == ["k:a", "k:b"]
        assert [*map(str, resource.list_keys(name="a"))] == ["a", "k:a", "m:a"]
        assert [*map(str, dict(resource.list_values(kind="k", name="a")))] == ["k:a"]
        assert resource("a").path == resource(name="a").path == "/resource/a"
        assert resource("k", "a").path == resource(kind="k", name="a").path == "/resource/k:a"
        with pytest.raises(ValueError, match="has a part with ':' in it"):
            resource(name="k:a")


def test_system_creates_updates_and_deletes(config: Config) -> None:
    for txn in config.txn():
        assert txn.system.get() is None
        with pytest.raises(ConfigVanished):
            txn.system.update({})
        txn.system.create({"version": "1"})
        with pytest.raises(ConfigCollision):
            txn.system.create({})
        assert txn.system.get() == System(version="1")
        txn.system.update(System(version="2", parts=["a"]))
        txn.system.create_or_update({"version": "3"})
        with pytest.raises(ValueError, match="/system is no System"):
            txn.system.update([])  # type: ignore[arg-type]
    for txn in config.txn():
        assert txn.system.exists()
        assert txn.get("/system") == '{\n  "version": "3"\n}'
        txn.system.delete()
        assert txn.system.get() is None
        txn.create("/system", "[]")
        with pytest.raises(ValueError, match="/system is no System"):
            txn.system.get()


ODD_KEYS = ("x", "a:b:c", "a::c")


@pytest.mark.parametrize("name", ["request", "allocation"])
def test_keys_with_another_number_of_parts_disturb_nothing(
    config: Config, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, absent = CASES[name]
    stored = {f"/{name}/{key}": '{"by": "others"}' for key in ODD_KEYS}
    for txn in config.txn():
        for path, text in stored.items():
            txn.create(path, text)
        getattr(txn, name).create(second)
    for txn in config.txn():
        entities = getattr(txn, name)
        assert entities.list_keys() == [second.key]
        assert entities.list_keys(pb_id="a") == entities.list_keys(name="x") == []
        assert entities.list_values() == [(second.key, second)]
        assert list(entities.query_values(pb_id="pb-a")) == [(second.key, second)]
        assert entities.get(absent) is None
        entities.create(first)
        entities.delete(second)
    for txn in config.txn():
        assert getattr(txn, name).list_values() == [(first.key, first)]
        assert {path: txn.get(path) for path in stored} == stored
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("name", ["request", "allocation"])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_key_with_another_number_of_parts_is_rejected_by_name(
    config: Config, name: str, key: str
) -> None:
    for txn in config.txn():
        txn.create(f"/{name}/{key}", '{"by": "others"}')
        entities = getattr(txn, name)
        for ask in (entities.get, entities.exists, entities.delete, entities):
            with pytest.raises(ValueError, match=r"."):
                ask(key)
        # The value is still readable: by its path.
        assert txn.arbitrary.get(f"/{name}/{key}") == {"by": "others"}
