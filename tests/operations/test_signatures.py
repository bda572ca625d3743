"""Collections as programs call them: by the names of parameters, and with their type arguments."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Flow, ProcessingBlock
from ska_sdp_config.entity.base import Entity
from ska_sdp_config.operations.entity_operations import (
    CollectiveEntityOperations,
    EntityOperations,
)
from tests.support.entities import CASES


@pytest.mark.parametrize("name", CASES)
def test_entities_are_written_and_deleted_by_parameter_name(config: Config, name: str) -> None:
    first, second, _ = CASES[name]
    changed = first.model_copy(update={"note": 1})
    for txn in config.txn():
        entities = getattr(txn, name)
        entities.create(value=first)
        with pytest.raises(ConfigCollision):
            entities.create(value=first)
        entities.update(value=changed)
        assert entities.get(first.key) == changed
        entities.create_or_update(value=first)
        entities.create_or_update(value=second)
        assert entities.list_values() == [(first.key, first), (second.key, second)]
        with pytest.raises(ConfigVanished):
            entities.delete(index=CASES[name][2], recurse=False)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("by", ["model", "key"])
@pytest.mark.parametrize("recurse", [False, True])
def test_delete_takes_index_and_recurse_by_name(
    config: Config, name: str, by: str, recurse: bool
) -> None:
    first, second, _ = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        for each in (first, second):
            entities.create(each)
            txn.create(f"{entities(each).path}/notes", "text")
        entities.delete(index=first if by == "model" else first.key, recurse=recurse)
    for txn in config.txn():
        entities = getattr(txn, name)
        assert entities.list_keys() == [second.key]
        assert (txn.get(f"{entities(first).path}/notes") is None) is recurse
        assert txn.get(f"{entities(second).path}/notes") == "text"


@pytest.mark.parametrize(
    ("name", "key"), [("subarray", "01"), ("component", "proccontrol"), ("arbitrary", "/a/b")]
)
def test_values_are_written_and_deleted_by_parameter_name(
    config: Config, name: str, key: str
) -> None:
    value = "owner" if name == "component" else "value"
    documents = [{"pid": number, "hostname": "h", "command": []} for number in range(3)]
    for txn in config.txn():
        values: Any = getattr(txn, name)
        writes = (values.create, values.update, values.create_or_update)
        for write, document in zip(writes, documents, strict=True):
            write(key=key, **{value: document})
            found = values.get(key=key)
            assert (found.to_dict() if name == "component" else found) == document
        values.delete(key=key, recurse=True)
        assert not values.exists(key=key)


def test_operations_are_generic_in_key_and_model_in_that_order(config: Config) -> None:
    generics: tuple[Any, ...] = (CollectiveEntityOperations, EntityOperations)
    for generic in generics:
        subscripted = generic[Flow.Key, Flow]
        assert get_origin(subscripted) is generic
        assert get_args(subscripted) == (Flow.Key, Flow)
        of_key, of_model = generic.__parameters__
        assert (of_key.__bound__, of_model.__bound__) == (None, Entity)
    # The type checker compares these with what the collections declare.
    for txn in config.txn():
        flows: CollectiveEntityOperations[Flow.Key, Flow] = txn.flow
        blocks: CollectiveEntityOperations[str, ProcessingBlock] = txn.processing_block
        block: EntityOperations[str, ProcessingBlock] = blocks("pb-a")
        assert (flows.MODEL_CLASS, block.key) == (Flow, "pb-a")
