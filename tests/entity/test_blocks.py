"""Execution blocks, processing blocks, scripts, deployments and owners as models."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from ska_sdp_config.entity import (
    Deployment,
    ExecutionBlock,
    Owner,
    PBDependency,
    ProcessingBlock,
    Script,
)

KEY = Script.Key(kind="realtime", name="vis-receive", version="0.2.0")


def test_processing_block_has_documented_stored_form() -> None:
    pb = ProcessingBlock(key="pb-x", eb_id="eb-x", script=KEY)
    assert pb.to_dict() == {
        "key": "pb-x",
        "pb_id": "pb-x",
        "eb_id": "eb-x",
        "script": {"kind": "realtime", "name": "vis-receive", "version": "0.2.0"},
        "parameters": {},
        "dependencies": [],
    }


@pytest.mark.parametrize(
    "script",
    [
        KEY,
        {"kind": "realtime", "name": "vis-receive", "version": "0.2.0"},
        {"type": "realtime", "id": "vis-receive", "version": "0.2.0"},
        "realtime:vis-receive:0.2.0",
    ],
)
def test_script_of_processing_block_accepts_key_dict_and_text(script: Any) -> None:
    pb = ProcessingBlock(key="pb-x", eb_id=None, script=script)
    assert pb.script == KEY
    assert [pb.script[part] for part in ("kind", "name", "version")] == str(KEY).split(":")
    with pytest.raises(KeyError):
        pb.script["image"]


def test_models_accept_positional_arguments_of_release_0_5() -> None:
    pb = ProcessingBlock("pb-x", "eb-x", KEY, {"a": 1}, [{"pb_id": "pb-y", "kind": ["vis"]}])
    assert pb == ProcessingBlock(
        pb_id="pb-x",
        eb_id="eb-x",
        script=KEY,
        parameters={"a": 1},
        dependencies=[PBDependency(pb_id="pb-y", kind=["vis"])],
    )
    assert ProcessingBlock("pb-x", None, KEY, parameters=None, dependencies=None) == (
        ProcessingBlock(key="pb-x", script=KEY)
    )
    dpl = Deployment("proc-x", "helm", {"chart": "c", "values": {}})
    assert dpl == Deployment(dpl_id="proc-x", kind="helm", args={"chart": "c", "values": {}})
    assert dpl.dpl_id == dpl.key == "proc-x"
    assert dpl.to_dict() == {
        "key": "proc-x",
        "dpl_id": "proc-x",
        "kind": "helm",
        "args": {"chart": "c", "values": {}},
    }


def test_owner_rejects_positional_arguments() -> None:
    owner = Owner(pid=1, hostname="h", command=["a", "b"])
    assert owner.to_dict() == {"pid": 1, "hostname": "h", "command": ["a", "b"]}
    make: Any = Owner
    with pytest.raises(TypeError, match="positional"):
        make(1, "h", [])


def test_constructor_rejects_extra_and_duplicate_arguments() -> None:
    with pytest.raises(TypeError, match="takes 3 positional"):
        Deployment("a", "helm", {}, {})  # type: ignore[call-arg]  # the tested misuse
    with pytest.raises(TypeError, match="'key' twice"):
        Deployment("a", "helm", {}, key="a")  # type: ignore[misc]  # the tested misuse


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (ProcessingBlock, {"key": "a/b", "script": KEY}),
        (ProcessingBlock, {"key": "", "script": KEY}),
        (ProcessingBlock, {"key": "pb-x", "script": "batch:x"}),
        (ProcessingBlock, {"key": "pb-x", "script": "other:x:1"}),
        (ProcessingBlock, {"key": "pb-x"}),
        (ProcessingBlock, {"key": "pb-x", "script": KEY, "parameters": []}),
        (ExecutionBlock, {"key": "a b"}),
        (ExecutionBlock, {"key": "eb-x", "beams": {}}),
        (ExecutionBlock, {"key": "eb-x", "scan_id": True}),
        (ExecutionBlock, {"key": "eb-x", "max_length": "long"}),
        (Deployment, {"key": "proc-x", "kind": "docker", "args": {}}),
        (Deployment, {"key": "proc-x", "kind": "helm", "args": []}),
        (Script.Key, {"kind": "streaming", "name": "x", "version": "1"}),
        (Script.Key, {"kind": "batch", "name": "x:y", "version": "1"}),
        (Script.Key, {"kind": "batch", "name": "", "version": "1"}),
        (Script.Key, {"kind": "batch", "name": "x", "version": "1\n"}),
        (Script, {"key": KEY}),
        (Owner, {"pid": "x", "hostname": "h", "command": []}),
    ],
)
def test_model_rejects_invalid_field(model: Any, fields: Any) -> None:
    with pytest.raises(ValidationError):
        model(**fields)


def test_assignment_rejects_invalid_value() -> None:
    pb = ProcessingBlock(key="pb-x", script=KEY)
    pb.script = "batch:imaging:1"  # type: ignore[assignment]  # as programs assign it
    assert pb.script.name == "imaging"
    with pytest.raises(ValidationError):
        pb.eb_id = 5  # type: ignore[assignment]  # the tested misuse
    with pytest.raises(ValidationError):
        pb.key = "a/b"
    dpl = Deployment("proc-x", "helm", {})
    with pytest.raises(ValidationError):
        dpl.kind = "docker"
    assert (pb.eb_id, pb.key, dpl.kind) == (None, "pb-x", "helm")


def test_stored_entity_skips_rules_for_new_entities() -> None:
    pb = ProcessingBlock.from_stored(
        '{"script": {"kind": "streaming", "name": "a b", "version": ""}}', "Ä", "/pb/Ä"
    )
    assert (pb.key, pb.script.kind, pb.script.name) == ("Ä", "streaming", "a b")
    dpl = Deployment.from_stored('{"kind": "docker", "args": {}}', "x", "/deploy/x")
    assert dpl.kind == "docker"


def test_models_compare_by_class_and_content() -> None:
    pb = ProcessingBlock(key="pb-x", script=KEY, parameters={"a": [1]})
    same = copy.deepcopy(pb)
    assert pb == same == pickle.loads(pickle.dumps(pb))
    same.parameters["a"].append(2)
    assert pb != same
    assert ExecutionBlock(key="x") != ExecutionBlock(key="x", note="y")
    other: Any = Deployment("x", "helm", {})
    assert other != ExecutionBlock(key="x", kind="helm", args={})


def test_keys_are_hashable_and_sortable() -> None:
    later = Script.Key(kind="realtime", name="vis-receive", version="0.3.0")
    assert {KEY: 1}[Script.Key(**KEY.model_dump())] == 1
    assert sorted([later, KEY]) == [KEY, later]
    assert repr(KEY).startswith("Script.Key(")
    with pytest.raises(ValidationError):
        KEY.name = "other"  # type: ignore[misc]  # the tested misuse


@pytest.mark.parametrize(
    ("stored", "read"),
    [("ACTIVE", "ACTIVE"), ("SCANNING", "ACTIVE"), ("IDLE", "ACTIVE"), ("FAULT", "ACTIVE")]
    + [(status, status) for status in ("FINISHED", "CANCELLED", "SOMETHING")],
)
def test_status_converts_obs_state_to_active(stored: Any, read: Any) -> None:
    assert ExecutionBlock(key="eb-x", status=stored).status == read


@pytest.mark.parametrize("when", ["2022-08-01 10:01:12", 1659348072, 1659348072.5])
def test_last_updated_keeps_its_type(when: Any) -> None:
    eb = ExecutionBlock(key="eb-x", last_updated=when)
    assert eb.last_updated == when
    assert type(eb.to_dict()["last_updated"]) is type(when)


@pytest.mark.parametrize("scans", [None, {}, {"1": "science"}, [1]])
def test_execution_block_reads_scans_of_any_form(scans: Any) -> None:
    text = json.dumps({"eb_id": "eb-x", "scans": scans})
    assert ExecutionBlock.from_stored(text, "eb-x", "/eb/eb-x").scans == scans


def test_execution_block_has_documented_fields() -> None:
    eb = ExecutionBlock(key="eb-x")
    assert eb.eb_id == "eb-x"
    assert set(ExecutionBlock.model_fields) == {
        "key", "subarray_id", "max_length", "context", "beams", "scan_types", "channels",
        "polarisations", "fields", "resources", "pb_realtime", "pb_batch",
        "pb_receive_addresses", "current_scan_type", "scan_id",
        "scans", "status", "last_updated",
    }  # fmt: skip


def test_from_stored_skips_constructor(monkeypatch: Any) -> None:
    """The constructor would make a listing take 1.5 times as long."""
    monkeypatch.setattr(
        ProcessingBlock, "__init__", lambda *args, **fields: pytest.fail("was constructed")
    )
    assert not ProcessingBlock.__pydantic_custom_init__
    ProcessingBlock.from_stored(
        '{"pb_id": "pb-x", "script": {"kind": "batch", "name": "a", "version": "1"}}',
        "pb-x",
        "/pb/pb-x",
    )
