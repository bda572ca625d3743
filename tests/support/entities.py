"""Entities of each kind for tests of collections."""

from __future__ import annotations

from typing import Any

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
from ska_sdp_config.entity.flow import SharedMem


def script_key(kind: str, name: str, version: str = "1") -> Script.Key:
    return Script.Key(kind=kind, name=name, version=version)


def flow(pb_id: str, name: str, sink: Any = None) -> Flow:
    return Flow(
        key=Flow.Key(pb_id=pb_id, name=name),
        sink=sink or SharedMem(impl="plasma"),
        data_model="Visibility",
    )


def claim(pb_id: str, name: str, origin: str = "dlm") -> Dependency:
    return Dependency(key=Dependency.Key(pb_id=pb_id, kind="copy", name=name, origin=origin))


CASES: dict[str, tuple[Any, Any, Any]] = {
    "processing_block": (
        ProcessingBlock("pb-a", "eb-a", "batch:x:1"),
        ProcessingBlock("pb-ab", None, "realtime:x:1", {"a": 1}),
        "pb-zz",
    ),
    "execution_block": (ExecutionBlock(key="eb-a"), ExecutionBlock(key="eb-ab"), "eb-zz"),
    "deployment": (
        Deployment("proc-a", "helm", {}),
        Deployment("proc-ab", "helm", {"chart": "c"}),
        "proc-zz",
    ),
    "script": (
        Script(key=script_key("batch", "a"), image="i"),
        Script(key=script_key("batch", "ab"), image="i", team="x"),
        script_key("realtime", "zz"),
    ),
    "flow": (flow("pb-a", "v"), flow("pb-a", "vv"), Flow.Key(pb_id="z", kind="z", name="z")),
    "dependency": (
        claim("pb-a", "v", "d"),
        claim("pb-a", "v", "dd"),
        Dependency.Key(pb_id="z", kind="z", name="z", origin="z"),
    ),
    "resource": (
        Resource(key="storage:capacity-buffer", quantity=1000.5, unit="MB"),
        Resource(key="supernet", parameters={"cidr": "10.0.0.0/16"}),
        Resource.Key(kind="zz", name="zz"),
    ),
    "request": (
        Request(key="pb-a:buffer", resource="storage:capacity-buffer", quantity=10),
        Request(key="pb-a:net", resource="supernet", quantity=1),
        Request.Key(pb_id="zz", name="zz"),
    ),
    "allocation": (
        Allocation(
            key="pb-a:buffer",
            resource="storage:capacity-buffer",
            request="pb-a:buffer",
            quantity=10,
        ),
        Allocation(key="pb-a:net", resource="supernet", quantity=1),
        Allocation.Key(pb_id="zz", name="zz"),
    ),
}
"""By collection: two entities in order, and a key that does not exist."""
