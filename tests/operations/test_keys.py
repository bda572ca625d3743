"""Ids and keys that can be created, and those that can only be read, updated and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config.config import Config
from ska_sdp_config.entity import (
    Dependency,
    Deployment,
    ExecutionBlock,
    Flow,
    ProcessingBlock,
    Script,
)
from tests.support.entities import flow, script_key

BAD_NEW: dict[str, list[Any]] = {
    "processing_block": [ProcessingBlock("pb_x", None, "batch:x:1"), "a.b", "-a", "a" * 97],
    "execution_block": [ExecutionBlock(key="eb:x"), ExecutionBlock(key="a_b")],
    "deployment": [Deployment("proc_x", "helm", {}), Deployment("a" * 97, "helm", {})],
}


@pytest.mark.parametrize("name", BAD_NEW)
def test_create_rejects_id_that_is_readable(config: Config, name: str) -> None:
    for txn in config.txn():
        entities = getattr(txn, name)
        for bad in BAD_NEW[name]:
            entity = ProcessingBlock(bad, None, "batch:x:1") if isinstance(bad, str) else bad
            for create in (entities.create, entities.create_or_update):
                with pytest.raises(ValueError, match="cannot be the id"):
                    create(entity)
            # An entity that another program created can be read, updated and deleted.
            assert entities.get(entity.key) is None
            txn.create(entities(entity).path, '{"kind":"helm","args":{},"script":"batch:x:1"}')
            found = entities.get(entity.key)
            assert found.key == entity.key
            entities.update(found)
            entities.state(found).create({})
            entities.delete(entity.key)


@pytest.mark.parametrize("key", ["", "a/b", "../x", "a b", "ä", "a" * 129, "a\n", None, 5])
def test_id_cannot_address_another_path(config: Config, key: Any) -> None:
    for txn in config.txn():
        txn.create("/pb/a/b", "untouched")
        for entities in (txn.processing_block, txn.execution_block, txn.deployment):
            asks: tuple[Callable[[str], object], ...] = (
                entities.get,
                entities.exists,
                entities.delete,
                entities.state,
                entities.ownership,
                entities,
            )
            for ask in asks:
                with pytest.raises(ValueError, match="is no id"):
                    ask(key)
        others: tuple[Callable[[str], object], ...] = (
            txn.get_subarray,
            txn.component.get,
            txn.get_execution_block,
        )
        for ask in others:
            with pytest.raises(ValueError, match="is no id"):
                ask(key)
        assert txn.get("/pb/a/b") == "untouched"


@pytest.mark.parametrize("key", ["a:b", "a:b:c:d", "a::c", "a/b:c:d", "a:b:c d", ""])
def test_key_cannot_address_another_path(config: Config, key: str) -> None:
    for txn in config.txn():
        for entities in (txn.script, txn.flow):
            with pytest.raises(ValueError, match=r"."):
                entities.get(key)
        with pytest.raises(ValueError, match="empty part"):
            txn.flow.get(Flow.Key.model_construct(pb_id="a", kind="", name="b"))
        with pytest.raises(TypeError, match="names no Flow"):
            txn.flow.get(5)  # type: ignore[arg-type]


def test_key_part_accepts_96_characters(config: Config) -> None:
    part = "a" * 96
    new: dict[str, Any] = {
        "flow": flow(part, part),
        "dependency": Dependency(
            key=Dependency.Key(pb_id=part, kind=part, name=part, origin=part)
        ),
        "script": Script(key=script_key("batch", part, part), image="i"),
    }
    for txn in config.txn():
        for name, entity in new.items():
            entities = getattr(txn, name)
            entities.create(entity)
            entities.state(entity).create({})
            assert entities.list_keys() == [entity.key]
            assert entities.get(entity.key) == entities.get(str(entity.key)) == entity
        txn.update_script("batch", part, part, {"image": "j"})
    for txn in config.txn():
        for name in new:
            entities = getattr(txn, name)
            (key,) = entities.query_keys()
            entities.delete(key)
        with pytest.raises(ValueError, match="is no id"):
            txn.flow.get(f"a:b:{'c' * 129}")
    for txn in config.txn():
        assert txn.list_keys("/", recurse=2) == []


def test_key_part_with_separator_is_rejected(config: Config) -> None:
    for txn in config.txn():
        for key in (
            Flow.Key.model_construct(pb_id="a:b", kind="c", name="d"),
            Flow.Key.model_construct(pb_id="a", kind="b/c", name="d"),
        ):
            with pytest.raises(ValueError, match=r"a:b:c:d|b/c"):
                txn.flow.get(key)


def test_script_of_unknown_kind_is_readable_but_not_creatable(config: Config) -> None:
    for txn in config.txn():
        txn.create("/script/streaming:x:1", '{"image": "i"}')
    for txn in config.txn():
        (key,) = txn.script.list_keys()
        script = txn.script.get("streaming:x:1")
        assert script
        assert (key.kind, script.image) == ("streaming", "i")
        assert txn.script.get(key) == script
        assert txn.list_scripts() == [("streaming", "x", "1")]
        txn.script.update(script)
        with pytest.raises(ValueError, match="no kind of script"):
            txn.script.create(Script(key=key, image="j"))
        with pytest.raises(ValueError, match="no kind of script"):
            txn.create_script("streaming", "y", "1", {})
