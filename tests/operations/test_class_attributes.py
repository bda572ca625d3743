"""Class attributes of collections, and their operations by the parts of a key."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import pytest

from ska_sdp_config.config import Config
from ska_sdp_config.entity import Owner
from ska_sdp_config.entity.base import StoredModel
from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.component import Components
from ska_sdp_config.operations.device import Subarrays
from ska_sdp_config.operations.keyed import KeyCollection
from tests.support.entities import CASES

# Collection: prefix, parts of the key, whether it has a state, whether it has an owner.
DECLARED: dict[str, tuple[str, list[str], bool, bool]] = {
    "processing_block": ("/pb", ["key"], True, True),
    "execution_block": ("/eb", ["key"], True, False),
    "deployment": ("/deploy", ["key"], True, False),
    "script": ("/script", ["kind", "name", "version"], False, False),
    "flow": ("/flow", ["pb_id", "kind", "name"], True, False),
    "dependency": ("/dependency", ["pb_id", "kind", "name", "origin"], True, False),
    "resource": ("/resource", ["kind", "name"], True, False),
    "request": ("/request", ["pb_id", "name"], False, False),
    "allocation": ("/allocation", ["pb_id", "name"], False, False),
}


@pytest.mark.parametrize("name", CASES)
def test_collection_declares_prefix_key_parts_state_and_owner(config: Config, name: str) -> None:
    first, *_ = CASES[name]
    prefix, parts, has_state, has_owner = DECLARED[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        assert prefix == entities.PREFIX
        assert list(entities.KEY_PARTS) == parts
        assert (has_state, has_owner) == (entities.HAS_STATE, entities.HAS_OWNER)
        assert entities.MODEL_CLASS is type(first)
        assert entities.MODEL_CLASS.key_patterns() == entities.KEY_PARTS
        if isinstance(entities, KeyCollection):
            assert list(entities.KEY_CLASS.model_fields) == parts


def test_components_and_subarrays_declare_their_key_parts() -> None:
    assert (Components.PREFIX, list(Components.KEY_PARTS)) == ("/component", ["name"])
    assert (Components.HAS_STATE, Components.HAS_OWNER) == (False, True)
    assert Components.MODEL_CLASS is Owner
    assert (Subarrays.PREFIX, list(Subarrays.KEY_PARTS)) == ("/lmc/subarray", ["subarray_id"])
    assert (Subarrays.HAS_STATE, Subarrays.HAS_OWNER) == (False, False)
    assert Subarrays.MODEL_CLASS is dict


COLLECTIONS = [
    name for name, each in vars(Collections).items() if isinstance(each, cached_property)
]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_model_class_gives_the_key_patterns_of_its_collection(config: Config, name: str) -> None:
    for txn in config.txn():
        entities = getattr(txn, name)
        model: Any = getattr(entities, "MODEL_CLASS", dict)
        if model is not dict:
            assert model.key_patterns() == entities.KEY_PARTS


PARTS = ["a", "vis-receive", "A.b_c-1", "", "-", "a:b", "a/b", "a b", "é", "a" * 96, "a" * 97]


@pytest.mark.parametrize("name", CASES)
def test_key_patterns_match_what_create_accepts(config: Config, name: str) -> None:
    first, *_ = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        given = {"key": first.key} if isinstance(first.key, str) else first.key.to_dict()
        for part, pattern in entities.KEY_PARTS.items():
            for text in PARTS:
                key: Any = text
                try:
                    if isinstance(entities, KeyCollection):
                        key = entities.KEY_CLASS(**(given | {part: text}))
                    entities.check_new(key)
                    accepted = True
                except ValueError:
                    accepted = False
                assert accepted == bool(re.fullmatch(pattern, text)), (part, text)


@pytest.mark.parametrize("name", CASES)
def test_index_by_key_parts_is_the_call(config: Config, name: str) -> None:
    first, *_ = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        entities.create(first)
        found = entities.index_by_key_parts(first.key)
        assert found.get() == first
        assert entities.index_by_key_parts(first).path == entities(first).path == found.path
        if not isinstance(first.key, str) and None not in first.key.to_dict().values():
            parts = first.key.to_dict()
            assert entities.index_by_key_parts(*parts.values()).path == found.path
            assert entities.index_by_key_parts(**parts).path == found.path


@pytest.mark.parametrize(
    ("name", "part", "key", "path"),
    [
        ("subarray", "subarray_id", "01", "/lmc/subarray/01"),
        ("component", "name", "proccontrol", "/component/proccontrol"),
        ("arbitrary", "key", "/a/b", "/a/b"),
    ],
)
def test_index_by_key_parts_is_the_call_for_values_that_are_dicts(
    config: Config, name: str, part: str, key: str, path: str
) -> None:
    for txn in config.txn():
        values = getattr(txn, name)
        for given, parts in ([key], {}), ([], {part: key}), ([], {"key": key}):
            assert values(*given, **parts).path.endswith(path)
            assert values.index_by_key_parts(*given, **parts).path == values(key).path
        for given, parts in ([], {}), ([key, key], {}), ([key], {part: key}), ([], {"id": key}):
            with pytest.raises(TypeError, match="Give one key"):
                values(*given, **parts)


@pytest.mark.parametrize("name", CASES)
def test_delete_accepts_model_or_key(config: Config, name: str) -> None:
    first, second, _ = CASES[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        for index in (first, first.key):
            entities.create(first)
            entities.create_or_update(first)
            entities.update(first)
            entities.delete(index, recurse=True)
        entities.create(second)
        entities.delete(index=second)
        assert entities.list_keys() == []


def test_every_stored_model_has_to_dict() -> None:
    models = _subclasses(StoredModel)
    assert len(models) > 15
    assert all(callable(model.to_dict) for model in models)


def _subclasses(model: type[StoredModel]) -> set[type[StoredModel]]:
    found = set(model.__subclasses__())
    return found.union(*(_subclasses(each) for each in found))
