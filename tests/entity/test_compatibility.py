"""Entities as programs for other releases of the library use them."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from ska_sdp_config.entity import (
    Dependency,
    Deployment,
    ExecutionBlock,
    Flow,
    Owner,
    PBDependency,
    ProcessingBlock,
    Script,
)
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.common.trl import AttributeTRL
from ska_sdp_config.entity.flow import SharedMem, TangoAttribute

SCRIPT = {"kind": "batch", "name": "imaging", "version": "1.0.0"}


def block(**fields: Any) -> ProcessingBlock:
    return ProcessingBlock(key="pb-x", script=SCRIPT, **fields)


def test_former_dicts_are_readable_as_mappings() -> None:
    pb = block(dependencies=[{"pb_id": "pb-y", "kind": ["vis"], "why": 1}])
    for model, expected in (
        (pb.dependencies[0], {"pb_id": "pb-y", "kind": ["vis"], "why": 1}),
        (pb.script, SCRIPT),
    ):
        assert {name: model[name] for name in expected} == expected
        assert list(model) == list(model.keys()) == list(expected)
        assert dict(model) == {**model} == dict(model.items()) == expected
        assert len(model) == len(expected)
        assert "name" in model or "pb_id" in model
        assert "absent" not in model
        assert model.get("absent") is None
        assert model.get("absent", 5) == 5
        with pytest.raises(KeyError):
            model["absent"]
    assert pb.script.get("name") == "imaging"


ADD: dict[str, Callable[[Any, Any], Any]] = {
    "append": lambda dependencies, new: dependencies.append(new),
    "insert": lambda dependencies, new: dependencies.insert(0, new),
    "extend": lambda dependencies, new: dependencies.extend([new]),
    "+=": lambda dependencies, new: dependencies.__iadd__([new]),
    "slice": lambda dependencies, new: dependencies.__setitem__(slice(0, 0), [new]),
}


@pytest.mark.parametrize("how", ADD)
@pytest.mark.parametrize("stored", [False, True])
def test_dependency_list_converts_dicts(how: str, stored: bool) -> None:
    pb = block()
    if stored:
        pb = ProcessingBlock.from_stored(json.dumps({"script": SCRIPT}), "pb-x", "/pb/pb-x")
    ADD[how](pb.dependencies, {"pb_id": "pb-y", "kind": ["vis"]})
    assert pb.dependencies == [PBDependency(pb_id="pb-y", kind=["vis"])]
    assert pb.dependencies[0].pb_id == "pb-y"
    with pytest.raises(ValidationError):
        ADD[how](pb.dependencies, {"pb_id": "pb-y"})
    pb.dependencies[0] = {"pb_id": "pb-z", "kind": []}  # type: ignore[call-overload]  # a dict
    assert pb.to_dict()["dependencies"] == [{"pb_id": "pb-z", "kind": []}]
    for same in (copy.deepcopy(pb), pickle.loads(pickle.dumps(pb)), pb.model_copy(deep=True)):
        assert same == pb
        ADD[how](same.dependencies, {"pb_id": "pb-a", "kind": []})
        assert isinstance(same.dependencies[1], PBDependency)
        assert same != pb


def test_processing_block_of_release_0_3_is_readable() -> None:
    stored = {
        "id": "pb-x",
        "sbi_id": "sbi-x",
        "workflow": {"type": "batch", "id": "imaging", "version": "1.0.0"},
        "parameters": {"a": 1},
        "dependencies": [{"pb_id": "pb-y", "type": ["vis"]}],
        "note": "kept",
    }
    pb = ProcessingBlock.from_stored(json.dumps(stored), "pb-x", "/pb/pb-x")
    assert pb == ProcessingBlock(
        key="pb-x",
        eb_id="sbi-x",
        script=SCRIPT,
        parameters={"a": 1},
        dependencies=[{"pb_id": "pb-y", "kind": ["vis"]}],
        note="kept",
    )
    alone = stored | {"sbi_id": None}
    assert ProcessingBlock.from_stored(json.dumps(alone), "pb-x", "/pb/pb-x").eb_id is None


def test_deployment_of_release_0_3_is_readable() -> None:
    args = {"chart": "c", "values": {}}
    stored = {"id": "proc-x", "type": "helm", "args": args}
    dpl = Deployment.from_stored(json.dumps(stored), "proc-x", "/deploy/proc-x")
    assert dpl == Deployment("proc-x", "helm", args)
    assert dpl.to_dict() == {"dpl_id": "proc-x", "kind": "helm", "args": args}


@pytest.mark.parametrize(
    ("model", "stored"),
    [
        (ProcessingBlock, {"pb_id": "x", "script": SCRIPT, "id": 5, "sbi_id": 6, "workflow": 7}),
        (Deployment, {"dpl_id": "x", "kind": "helm", "args": {}, "id": 5, "type": 6}),
    ],
)
def test_fields_of_release_0_3_are_extra_fields_in_later_documents(
    model: Any, stored: Any
) -> None:
    assert model.from_stored(json.dumps(stored), "x", "/x/x").to_dict() == stored


def test_tango_attribute_accepts_old_name() -> None:
    sink = TangoAttribute(attribute_url="a/b/c/d", dtype="DevDouble")
    assert sink == TangoAttribute(attribute_trl="a/b/c/d", dtype="DevDouble")
    assert sink.attribute_trl == sink.attribute_url == "a/b/c/d"
    assert sink.to_dict()["attribute_trl"] == "a/b/c/d"
    sink.attribute_url = "a/b/c/e"
    assert sink.attribute_trl.attribute_name == "e"
    with pytest.raises(ValidationError):
        sink.attribute_url = "a/b/c"
    assert "attribute_url" not in sink.to_dict()


@pytest.mark.parametrize("name", ["attribute_trl", "attribute_url"])
def test_tango_attribute_keeps_stored_name(name: str) -> None:
    attribute = {"kind": "tango", name: "a/b/c/d", "dtype": "DevDouble"}
    for sink in (
        attribute,
        {"kind": "tangomap", "attributes": [{"attribute": attribute, "query": "x"}]},
        {"kind": "tangomap", "attributes": [[attribute, "x"]]},
    ):
        stored = {"sink": sink, "data_model": "Visibility"}
        key = Flow.Key(pb_id="pb-x", kind=str(sink["kind"]), name="v")
        flow = Flow.from_stored(encode(stored), key, "/flow/x")
        for same in (flow, copy.deepcopy(flow), pickle.loads(pickle.dumps(flow))):
            assert same.to_dict() == stored
    new = Flow(key=Flow.Key(pb_id="pb-x", name="v"), sink=attribute, data_model="v")
    read = Flow.from_stored(encode(new.to_dict()), new.key, "/flow/x")
    assert read == new
    assert new.to_dict()["sink"]["attribute_trl"] == "a/b/c/d"


@pytest.mark.parametrize("old", ["a/b/c/old", "a/b/c/d", None])
def test_tango_attribute_with_both_names_keeps_both(old: str | None) -> None:
    names = {"attribute_trl": "a/b/c/d", "attribute_url": old}
    stored = {"sink": {"kind": "tango", **names, "dtype": "DevDouble"}, "data_model": "v"}
    key = Flow.Key(pb_id="pb-x", kind="tango", name="v")
    flow = Flow.from_stored(encode(stored), key, "/flow/x")
    assert isinstance(flow.sink, TangoAttribute)
    assert flow.sink.attribute_trl == flow.sink.attribute_url == "a/b/c/d"
    for same in (flow, copy.deepcopy(flow), pickle.loads(pickle.dumps(flow))):
        assert same.to_dict() == stored
    flow.sink.dtype = "DevLong"
    assert flow.to_dict()["sink"] == {"kind": "tango", **names, "dtype": "DevLong"}
    changed = flow.sink.model_copy(update={"attribute_trl": AttributeTRL("a/b/c/new")}).to_dict()
    assert changed["attribute_trl"] == changed["attribute_url"] == "a/b/c/new"
    assert flow.to_dict()["sink"] == {"kind": "tango", **names, "dtype": "DevLong"}
    for name, attribute in (("attribute_trl", "a/b/c/e"), ("attribute_url", "a/b/c/f")):
        setattr(flow.sink, name, attribute)
        written = flow.to_dict()["sink"]
        assert written["attribute_trl"] == written["attribute_url"] == attribute


def tango_flow(**names: str | None) -> Flow:
    """Read a stored flow to a Tango attribute, with one or both names of the attribute."""
    stored = {"sink": {"kind": "tango", **names, "dtype": "DevDouble"}, "data_model": "v"}
    key = Flow.Key(pb_id="pb-x", kind="tango", name="v")
    return Flow.from_stored(encode(stored), key, "/flow/x")


@pytest.mark.parametrize("changed", ["attribute_trl", "attribute_url"])
@pytest.mark.parametrize(
    "names",
    [
        {"attribute_trl": "a/b/c/d"},
        {"attribute_url": "a/b/c/d"},
        {"attribute_trl": "a/b/c/d", "attribute_url": "a/b/c/d"},
        {"attribute_trl": "a/b/c/d", "attribute_url": "a/b/c/old"},
        {"attribute_trl": "a/b/c/d", "attribute_url": None},
    ],
)
def test_changed_tango_attribute_is_the_one_read_back(
    names: dict[str, str | None], changed: str
) -> None:
    flow, copied = tango_flow(**names), tango_flow(**names)
    setattr(flow.sink, changed, "a/b/c/new")
    update = {changed: AttributeTRL("a/b/c/new")}
    copied.sink = copied.sink.model_copy(update=update)
    for each in (flow, copied):
        written = each.to_dict()
        expected = {"kind": "tango", **dict.fromkeys(names, "a/b/c/new"), "dtype": "DevDouble"}
        assert written["sink"] == expected
        assert Flow.from_stored(encode(written), each.key, "/flow/x") == each


def test_every_model_has_to_dict() -> None:
    key = Flow.Key(pb_id="pb-x", kind="shared-mem", name="v")
    claim = Dependency.Key(pb_id="pb-x", kind="copy", name="v", origin="dlm")
    models: list[tuple[Any, dict[str, Any]]] = [
        (Script.Key(**SCRIPT), SCRIPT),
        (key, {"pb_id": "pb-x", "kind": "shared-mem", "name": "v"}),
        (claim, {"pb_id": "pb-x", "kind": "copy", "name": "v", "origin": "dlm"}),
        (Owner(pid=1, hostname="h", command=[]), {"pid": 1, "hostname": "h", "command": []}),
        (SharedMem(impl="x"), {"kind": "shared-mem", "impl": "x"}),
        (ExecutionBlock(key="eb-x"), {"key": "eb-x", "eb_id": "eb-x"}),
        (Script(key=SCRIPT, image="i"), {"image": "i"}),
        (Dependency(key=claim), {"expiry_time": -1, "description": None}),
    ]
    for model, expected in models:
        assert model.to_dict() == expected
        assert encode(model) == encode(expected)
    assert encode({"a": [models[3][0]]}) == encode({"a": [models[3][1]]})


@pytest.mark.parametrize(
    ("make", "wrong", "right"),
    [
        (lambda **given: block(**given), {"eb": "eb-x"}, "eb_id"),
        (lambda **given: block(**given), {"ebId": "eb-x"}, "eb_id"),
        (lambda **given: block(**given), {"parameter": {}}, "parameters"),
        (lambda **given: block(**given), {"dependency": []}, "dependencies"),
        (lambda **given: ExecutionBlock(key="eb-x", **given), {"scan_type": []}, "scan_types"),
        (lambda **given: ExecutionBlock(key="eb-x", **given), {"subarray": "01"}, "subarray_id"),
        (lambda **given: Dependency.Key(pb_id="a", name="b", origin="c", kind="d", **given),
         {"orgin": "e"}, None),
        (lambda **given: Flow.Key(pb_id="a", name="b", **given), {"knd": "c"}, "kind"),
        (lambda **given: SharedMem(impl="x", **given), {"data_dir": "y"}, None),
        (lambda **given: block(eb_id="eb-x", **given), {"eb": "z"}, None),
        (lambda **given: ExecutionBlock(key="eb-x", **given), {"observer": "z"}, None),
        (lambda **given: ProcessingBlock("pb-x", "eb-x", SCRIPT, **given), {"eb": "z"}, None),
        (lambda **given: ProcessingBlock(pb_id="pb-x", script=SCRIPT, **given), {"ke": 1}, None),
    ],
)  # fmt: skip
def test_near_miss_of_field_name_warns(
    make: Callable[..., Any], wrong: dict[str, Any], right: str | None
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make(**wrong)
    assert len(caught) == (right is not None)
    for warning in caught:
        assert repr(next(iter(wrong))) in str(warning.message)
        assert repr(right) in str(warning.message)
        assert warning.filename == __file__


def test_stored_value_does_not_warn() -> None:
    stored = {"script": SCRIPT, "eb": "x", "dependencies": [{"pb_id": "p", "kind": [], "pb": 1}]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pb = ProcessingBlock.from_stored(json.dumps(stored), "pb-x", "/pb/pb-x")
    assert pb.to_dict() == stored
