"""Flows, their sinks and sources, and dependencies on them."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl

from ska_sdp_config.entity import Dependency, Flow
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.flow import (
    DataProduct,
    DataProductPersist,
    DataQueue,
    Display,
    FlowSource,
    PVCPath,
    SharedMem,
    Sink,
    TangoAttribute,
    TangoAttributeMap,
)

PVC = PVCPath(
    k8s_namespaces=["sdp", "sdp-p"],
    k8s_pvc_name="shared",
    pvc_mount_path="/mnt/data",
    pvc_subpath="product/eb-x",
)
ATTRIBUTE = TangoAttribute(attribute_url="tango://db:10000/a/b/c/d", dtype="DevDouble")
SINKS: list[Any] = [
    DataProduct(data_dir=PVC, paths=["a.ms", "/b.ms"]),
    DataProduct(data_dir="/data", paths=[]),
    DataProduct(data_dir=Path("not/on/a/volume"), paths=[Path("x")]),
    DataProductPersist(phase="SOLID", expires_at=None),
    DataProductPersist(
        phase="GAS", expires_at=datetime(2030, 1, 2, 3, 4, 5, 678, timezone(timedelta(hours=2)))
    ),
    DataQueue(topics="vis", host="kafka://broker:9092", format="msgpack"),
    SharedMem(impl="plasma"),
    Display(widget="spectrum", endpoint="/ws/vis"),
    Display(widget="spectrum"),
    ATTRIBUTE,
    TangoAttribute(
        attribute_url="a/b/c/d", dtype="DevDouble", max_dim_x=4, max_dim_y=2, default_value=[[0]]
    ),
    TangoAttributeMap(
        attributes=[
            (ATTRIBUTE, {"select": "max"}),
            {"attribute": ATTRIBUTE, "query": "x", "when": "always"},
        ]
    ),
    Sink(kind="hologram", depth=3, colours=["red"]),
    Display(widget="w", later_field={"a": [1]}),
]


def flow(sink: Any = None, **fields: Any) -> Flow:
    return Flow(
        key=Flow.Key(pb_id="pb-x", name="vis"),
        sink=sink or SINKS[0],
        sources=fields.pop("sources", []),
        data_model="Visibility",
        **fields,
    )


def test_flow_is_stored_without_key() -> None:
    stored = flow(
        sources=[
            FlowSource(
                uri=Flow.Key(pb_id="pb-w", kind="plasma", name="raw"),
                function="receive:write",
                parameters={"n": 1},
            ),
            FlowSource(uri="gsm://request/lsm"),
        ]
    ).to_dict()
    assert stored == {
        "sink": {
            "kind": "data-product",
            "data_dir": {
                "k8s_namespaces": ["sdp", "sdp-p"],
                "k8s_pvc_name": "shared",
                "pvc_mount_path": "/mnt/data",
                "pvc_subpath": "product/eb-x",
            },
            "paths": ["a.ms", "/b.ms"],
        },
        "sources": [
            {"uri": "/flow/pb-w:plasma:raw", "function": "receive:write", "parameters": {"n": 1}},
            {"uri": "gsm://request/lsm", "function": None, "parameters": {}},
        ],
        "data_model": "Visibility",
        "expiry_time": -1,
    }


@pytest.mark.parametrize("sink", SINKS, ids=lambda sink: sink.kind)
def test_sink_round_trip_keeps_type(sink: Any) -> None:
    made = flow(sink)
    text = encode(made.to_dict())
    read = Flow.from_stored(text, made.key, "/flow/x")
    assert type(read.sink) is type(sink)
    assert read == made
    assert read.sink == sink
    assert encode(read.to_dict()) == text


@pytest.mark.parametrize("sink", SINKS, ids=lambda sink: sink.kind)
def test_kind_of_key_defaults_to_kind_of_sink(sink: Any) -> None:
    whole = Flow.Key(pb_id="pb-x", kind=sink.kind, name="vis")
    filled = flow(sink).key
    assert filled == whole
    assert hash(filled) == hash(whole)
    assert {filled: 1}[whole] == 1
    assert str(filled) == f"pb-x:{sink.kind}:vis"


def test_given_kind_is_kept() -> None:
    key = Flow.Key(pb_id="pb-x", kind="plasma", name="vis")
    made = Flow(key=key, sink=SharedMem(impl="plasma"), data_model="Visibility")
    assert made.key == key
    assert Flow.Key.from_text("pb-x:plasma:vis") == key
    made.key = Flow.Key(pb_id="pb-x", name="other")
    assert made.key.kind == "shared-mem"


@pytest.mark.parametrize("kind", ["dataqueue", "plasma", "A.b_c-9"])
def test_kind_of_key_is_any_text_of_its_pattern(kind: str) -> None:
    key = Flow.Key(pb_id="pb-x", kind=kind, name="vis")
    made = Flow(key=key, sink=SINKS[0], data_model="Visibility")
    assert made.key.kind == kind
    assert Flow.from_stored(encode(made.to_dict()), key, "/flow/x") == made
    with pytest.raises(ValueError, match="kind"):
        Flow.Key(pb_id="pb-x", kind=f"{kind}:", name="vis")


def test_sink_kind_dataqueue_is_read_as_data_queue() -> None:
    key = Flow.Key(pb_id="pb-x", kind="dataqueue", name="vis")
    current = {"kind": "data-queue", "topics": "t", "host": "kafka://h:1", "format": "npy", "x": 1}
    old = current | {"kind": "dataqueue"}
    read = Flow.from_stored(encode({"sink": old, "data_model": "V"}), key, "/flow/x")
    assert read.sink == DataQueue(**old) == DataQueue(**current)
    assert isinstance(read.sink, DataQueue)
    assert read.key == key
    assert read.to_dict()["sink"] == current
    assert Flow(key=key, sink=old, data_model="V").sink == read.sink


VALID_QUEUE = {"topics": "t", "host": "kafka://h:1", "format": "npy"}


@pytest.mark.parametrize(
    "fields",
    [{}, {"topics": "t"}, VALID_QUEUE | {"topics": ["t"]}, VALID_QUEUE | {"host": "nowhere"}],
    ids=str,
)
def test_sink_kind_dataqueue_with_other_fields_is_kept(fields: dict[str, Any]) -> None:
    key = Flow.Key(pb_id="pb-x", kind="dataqueue", name="vis")
    sink = {"kind": "dataqueue", **fields}
    stored = {"sink": sink, "data_model": "V"}
    read = Flow.from_stored(encode(stored), key, "/flow/x")
    assert read.sink == Sink(**sink)
    assert read.to_dict() == stored
    read.sink = Sink(kind="dataqueue", depth=3)
    assert read.to_dict()["sink"] == {"kind": "dataqueue", "depth": 3}
    with pytest.raises(ValueError, match="sink"):
        Flow(key=key, sink={"kind": "data-queue", **fields}, data_model="V")


@pytest.mark.parametrize("kind", [["dataqueue"], {"dataqueue": 1}, 5, None])
def test_sink_kind_that_is_no_text_is_rejected(kind: Any) -> None:
    with pytest.raises(ValueError, match="kind"):
        Flow(key=Flow.Key(pb_id="p", name="n"), sink={"kind": kind}, data_model="V")


@pytest.mark.parametrize(
    ("uri", "is_flow"),
    [
        ("/flow/pb-x:data-queue:vis", True),
        ("/flow/pb-x:data-queue", False),
        ("/flow/pb-x:data-queue:vis/state", False),
        ("/flow/", False),
        ("relative/url", False),
        ("https://example.org/flow/a:b:c", False),
        ("", False),
    ],
)
def test_source_uri_is_flow_key_or_url(uri: Any, is_flow: Any) -> None:
    source = FlowSource(uri=uri)
    assert isinstance(source.uri, Flow.Key) is is_flow
    assert source.to_dict()["uri"] == uri
    assert FlowSource(uri=source.uri) == source


def test_source_converts_url_object_and_dict() -> None:
    key = Flow.Key(pb_id="pb-x", kind="plasma", name="vis")
    assert FlowSource(uri=key.model_dump()).uri == key
    assert FlowSource(uri=AnyUrl("https://example.org/x")).uri == "https://example.org/x"


@pytest.mark.parametrize(
    "uri", [Flow.Key(pb_id="pb-x", name="vis"), {"pb_id": "pb-x", "name": "vis"}, 5, None]
)
def test_source_rejects_invalid_uri(uri: Any) -> None:
    with pytest.raises(ValueError, match="uri"):
        FlowSource(uri=uri)


def test_flow_copy_is_independent() -> None:
    made = flow(sources=[FlowSource(uri="x", function="f", parameters={"y": 1, "z": 2})])
    other = copy.deepcopy(made)
    assert other == made
    other.sources[0].function = "x"
    assert other != made
    other.sources[0].function = "f"
    assert other == made
    del other.sources[0].parameters["y"]
    assert other != made
    assert other.to_dict()["sources"][0]["parameters"] == {"z": 2}


def test_nested_change_is_written() -> None:
    read = Flow.from_stored(
        '{"sink": {"kind": "shared-mem", "impl": "x"}, "data_model": "V", '
        '"sources": [{"uri": "a"}]}',
        Flow.Key(pb_id="p", kind="shared-mem", name="n"),
        "/flow/p:shared-mem:n",
    )
    assert read.to_dict()["sources"] == [{"uri": "a"}]
    read.sources[0].parameters["n"] = 1
    assert read.to_dict()["sources"] == [{"uri": "a", "parameters": {"n": 1}}]


@pytest.mark.parametrize(
    "sink",
    [
        {"kind": "data-product", "paths": []},
        {"kind": "data-queue", "topics": "x", "host": "nowhere", "format": "x"},
        {"impl": "x"},
        {"kind": "tango", "attribute_url": "a/b/c", "dtype": "DevDouble"},
        {"kind": "data-product-persist", "phase": "SOLID", "expires_at": "2030-01-01T00:00:00"},
        "data-product",
        None,
    ],
)
def test_flow_rejects_invalid_sink(sink: Any) -> None:
    with pytest.raises(ValueError, match="sink"):
        Flow(key=Flow.Key(pb_id="p", name="n"), sink=sink, data_model="V")


PART = st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)


@given(PART, PART, PART)
def test_key_text_round_trip(pb_id: Any, kind: Any, name: Any) -> None:
    key = Flow.Key(pb_id=pb_id, kind=kind, name=name)
    assert Flow.Key.from_text(str(key)) == key
    assert FlowSource(uri=f"/flow/{key}").uri == key


def test_dependency_round_trip() -> None:
    key = Dependency.Key(pb_id="pb-x", kind="dlm-copy", name="vis", origin="dlm")
    made = Dependency(key=key, expiry_time=60, description=None)
    assert made.to_dict() == {"expiry_time": 60, "description": None}
    assert Dependency.from_stored(encode(made.to_dict()), key, "/x") == made
    assert Dependency.Key.model_validate_json(key.model_dump_json()) == key
    assert Dependency(key="pb-x:dlm-copy:vis:dlm").key == key


@pytest.mark.parametrize(
    "part", [{"kind": "a_b"}, {"kind": "x" * 97}, {"name": "a:b"}, {"origin": ""}]
)
def test_dependency_key_rejects_invalid_part(part: Any) -> None:
    parts = {"pb_id": "pb-x", "kind": "copy", "name": "vis", "origin": "dlm"} | part
    with pytest.raises(ValueError, match="|".join(part)):
        Dependency.Key(**parts)


def test_pvc_path_joins_mount_and_subpath() -> None:
    assert PVC.path == PurePosixPath("/mnt/data/product/eb-x")
    assert str(PVC) == "/mnt/data/product/eb-x"
    assert isinstance(PVC.pvc_subpath, PurePosixPath)
    assert PVCPath(
        k8s_namespaces=[], k8s_pvc_name="", pvc_mount_path=Path("/m"), pvc_subpath=Path()
    ).path == PurePosixPath("/m")


@pytest.mark.parametrize("fields", [{"pvc_mount_path": "m"}, {"pvc_subpath": "/s"}])
def test_pvc_path_rejects_invalid_path(fields: Any) -> None:
    good = {
        "k8s_namespaces": "sdp",
        "k8s_pvc_name": "p",
        "pvc_mount_path": "/m",
        "pvc_subpath": "s",
    }
    PVCPath(**good)
    with pytest.raises(ValueError, match="path"):
        PVCPath(**(good | fields))
