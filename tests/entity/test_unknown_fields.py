"""Unknown fields survive a read and a write, and no field is added."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.entity import (
    Allocation,
    Dependency,
    Deployment,
    ExecutionBlock,
    Flow,
    ProcessingBlock,
    Request,
    Resource,
    Script,
)
from ska_sdp_config.entity.codec import encode
from tests.support.json_values import JSON

SCRIPT = {"kind": "batch", "name": "imaging", "version": "1.0.0"}
FLOW = Flow.Key(pb_id="pb-x", kind="shared-mem", name="vis")
CLAIM = Dependency.Key(pb_id="pb-x", kind="copy", name="vis", origin="archive")

# Class, key, and the required fields.
LEAST: list[tuple[Any, Any, dict[str, Any]]] = [
    (ProcessingBlock, "pb-x", {"script": SCRIPT}),
    (ExecutionBlock, "eb-x", {}),
    (Deployment, "proc-x", {"kind": "helm", "args": {}}),
    (Script, Script.Key(**SCRIPT), {"image": "registry/imaging:1.0.0"}),
    (Flow, FLOW, {"sink": {"kind": "shared-mem", "impl": "x"}, "data_model": "Visibility"}),
    (Dependency, CLAIM, {}),
    (Resource, Resource.Key(name="supernet"), {}),
    (Request, Request.Key(pb_id="pb-x", name="buffer"), {}),
    (Allocation, Allocation.Key(pb_id="pb-x", name="buffer"), {}),
]


KNOWN = {"key", "pb_id", "eb_id", "dpl_id"}.union(*(model.model_fields for model, _, _ in LEAST))
NAMES = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: name not in KNOWN)


# To create values takes longer than to read them, so all models read the same ones.
@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_unknown_fields_survive(unknown: dict[str, Any]) -> None:
    for model, key, least in LEAST:
        stored = unknown | least
        entity: Any = model.from_stored(encode(stored), key, "/x")
        assert entity.key == key
        assert entity.to_dict() == stored


@pytest.mark.parametrize(("model", "key", "least"), LEAST)
def test_path_overrides_stored_key(model: Any, key: Any, least: Any) -> None:
    spelling = {ProcessingBlock: "pb_id", ExecutionBlock: "eb_id", Deployment: "dpl_id"}.get(model)
    if spelling is None:
        assert model.from_stored(encode(least), key, "/x").to_dict() == least
        return
    for stored in ({spelling: "another", "key": "another"}, {spelling: key, "key": "another"}):
        entity = model.from_stored(encode(least | stored), key, "/x")
        assert entity.key == getattr(entity, spelling) == key
        assert entity.to_dict() == least | {spelling: key, "key": key}


@pytest.mark.parametrize(
    ("model", "older_name", "least"),
    [
        (ProcessingBlock, "pb_id", {"script": SCRIPT}),
        (ExecutionBlock, "eb_id", {}),
        (Deployment, "dpl_id", {"kind": "helm", "args": {}}),
    ],
)
def test_key_is_stored_under_both_names(model: Any, older_name: str, least: Any) -> None:
    both = {"key": "x-1", older_name: "x-1"}
    nested = {"more": {"key": 1, older_name: 2}}
    new = model(key="x-1", **least)
    assert new.to_dict().items() >= both.items()
    assert model(**new.to_dict()) == model.model_validate(new.to_dict()) == new
    # Entities of other programs may have one name only, or none.
    for names, written in (
        (both, both),
        ({older_name: "x-1"}, {older_name: "x-1"}),
        ({"key": "x-1"}, both),
        ({}, {}),
    ):
        for stored in (least | names, least | names | nested):
            entity = model.from_stored(encode(stored), "x-1", "/x")
            assert (entity.key, getattr(entity, older_name)) == ("x-1", "x-1")
            for same in (entity, copy.deepcopy(entity)):
                assert same.to_dict() == stored | written
            assert model.from_stored_value(stored, "x-1", "/x") == entity
        entity.key = "x-1"
        assert entity.to_dict() == stored | both


def test_nested_unknown_fields_survive() -> None:
    stored = {
        "pb_id": "pb-x",
        "script": SCRIPT | {"team": "sim"},
        "dependencies": [{"pb_id": "pb-y", "kind": ["vis"], "why": 1}],
    }
    assert ProcessingBlock.from_stored(encode(stored), "pb-x", "/x").to_dict() == stored


def test_default_changed_in_place_is_written() -> None:
    eb = ExecutionBlock.from_stored('{"test": true}', "eb-x", "/eb/eb-x")
    eb.beams.append({"beam_id": "vis0"})
    eb.resources["receptors"] = ["SKA001"]
    assert eb.to_dict() == {
        "test": True,
        "beams": [{"beam_id": "vis0"}],
        "resources": {"receptors": ["SKA001"]},
    }


def test_assigned_default_is_written() -> None:
    eb = ExecutionBlock.from_stored('{"test": true}', "eb-x", "/eb/eb-x")
    eb.scan_id = None
    assert eb.to_dict() == {"test": True, "scan_id": None}


def test_extra_fields_can_be_given_and_assigned() -> None:
    eb = ExecutionBlock(key="eb-x", observer="A. N. Other")
    both = {"key": "eb-x", "eb_id": "eb-x"}
    eb.weather = {"wind": 3}  # type: ignore[attr-defined]  # new to the model
    assert eb.to_dict() == both | {"observer": "A. N. Other", "weather": {"wind": 3}}


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "5", "{}"])
def test_error_of_invalid_entity_names_path(text: Any) -> None:
    with pytest.raises(ValueError, match=r"The value of /pb/pb-x is no ProcessingBlock"):
        ProcessingBlock.from_stored(text, "pb-x", "/pb/pb-x")
