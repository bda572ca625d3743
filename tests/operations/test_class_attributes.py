"""Class attributes of collections, and their operations by the parts of a key."""

from __future__ import annotations

import json
import re
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pydantic import BaseModel

from ska_sdp_config import entity
from ska_sdp_config.config import Config
from ska_sdp_config.entity import Owner, Resource, System
from ska_sdp_config.entity.flow import PVCPath
from ska_sdp_config.operations.base import Collection
from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.component import Components
from ska_sdp_config.operations.device import Subarrays
from ska_sdp_config.operations.entity_operations import CollectiveEntityOperations
from ska_sdp_config.operations.keyed import KeyCollection
from tests.support.entities import CASES

BLOCK = "[A-Za-z0-9][A-Za-z0-9-]{0,95}"
PART = "[A-Za-z0-9_.-]{1,96}"
NAME = "[A-Za-z0-9_.:-]{1,128}"

# Collection: prefix, pattern of each part of the key, whether it has a state and an owner.
DECLARED: dict[str, tuple[str, dict[str, str], bool, bool]] = {
    "processing_block": ("/pb", {"key": BLOCK}, True, True),
    "execution_block": ("/eb", {"key": BLOCK}, True, False),
    "deployment": ("/deploy", {"key": "[A-Za-z0-9-]{1,96}"}, True, False),
    "script": (
        "/script",
        {"kind": "realtime|batch", "name": PART, "version": PART},
        False,
        False,
    ),
    "flow": ("/flow", {"pb_id": PART, "kind": PART, "name": PART}, True, False),
    "dependency": (
        "/dependency",
        {"pb_id": PART, "kind": "[A-Za-z0-9-]{1,96}", "name": PART, "origin": PART},
        True,
        False,
    ),
    "resource": ("/resource", {"kind": PART, "name": PART}, True, False),
    "request": ("/request", {"pb_id": PART, "name": PART}, False, False),
    "allocation": ("/allocation", {"pb_id": PART, "name": PART}, False, False),
    "component": ("/component", {"name": NAME}, False, True),
    "subarray": ("/lmc/subarray", {"subarray_id": NAME}, False, False),
}


@pytest.mark.parametrize("name", DECLARED)
def test_key_parts_have_their_patterns_in_the_order_of_the_key(config: Config, name: str) -> None:
    _, patterns, *_ = DECLARED[name]
    for txn in config.txn():
        assert list(getattr(txn, name).KEY_PARTS.items()) == list(patterns.items())


@pytest.mark.parametrize("name", CASES)
def test_collection_declares_prefix_key_parts_state_and_owner(config: Config, name: str) -> None:
    first, *_ = CASES[name]
    prefix, parts, has_state, has_owner = DECLARED[name]
    for txn in config.txn():
        entities = getattr(txn, name)
        assert prefix == entities.PREFIX
        assert list(entities.KEY_PARTS) == list(parts)
        assert (has_state, has_owner) == (entities.HAS_STATE, entities.HAS_OWNER)
        assert entities.MODEL_CLASS is type(first)
        assert entities.MODEL_CLASS.key_patterns() == entities.KEY_PARTS
        if isinstance(entities, KeyCollection):
            assert list(entities.KEY_CLASS.model_fields) == list(parts)


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


def test_class_attributes_have_their_defaults() -> None:
    kinds: tuple[Any, ...] = (CollectiveEntityOperations, Collection)
    for kind in kinds:
        assert (kind.PREFIX, kind.KEY_PARTS) == ("", {})
        assert kind.HAS_STATE is kind.HAS_OWNER is False
        assert kind.MODEL_CLASS is dict


def test_every_model_of_entities_has_to_dict() -> None:
    for module in iter_modules(entity.__path__, f"{entity.__name__}."):
        import_module(module.name)
    models = {
        each
        for each in _subclasses(BaseModel)
        if each.__module__.startswith(entity.__name__) and not each.__subclasses__()
    }
    assert {Resource, Resource.Key, System, Owner, PVCPath} <= models
    assert [each for each in models if not callable(getattr(each, "to_dict", None))] == []


@pytest.mark.parametrize("name", CASES)
def test_to_dict_is_the_stored_form(config: Config, name: str) -> None:
    for each in CASES[name][:2]:
        for txn in config.txn():
            getattr(txn, name).create(each)
        for txn in config.txn():
            stored = txn.get(getattr(txn, name)(each).path)
            assert json.loads(stored or "") == each.to_dict()


def _subclasses(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = set(model.__subclasses__())
    return found.union(*(_subclasses(each) for each in found))
