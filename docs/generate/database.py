"""Tables of the database's entities and device entries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from docs.generate.text import code, described, first_line, table
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from ska_sdp_config.entity import Deployment, ExecutionBlock, Flow, ProcessingBlock, Script
from ska_sdp_config.entity.base import StoredModel
from ska_sdp_config.entity.flow import DataProduct, Dependency, FlowSource
from ska_sdp_config.entity.owner import Owner
from ska_sdp_config.entity.pb import PBDependency
from ska_sdp_config.entity.sinks import (
    AttributeQuery,
    DataProductPersist,
    DataQueue,
    Display,
    SharedMem,
    TangoAttribute,
    TangoAttributeMap,
)
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.entry import Entry

__all__ = ["device_entries", "entities"]

_PATHS: Mapping[str, tuple[type[StoredModel], Mapping[str, Any] | None]] = {
    "/eb/<eb_id>": (
        ExecutionBlock,
        {
            "key": "eb-mvp01-20260131-00000",
            "subarray_id": "01",
            "max_length": 3600.0,
            "scan_types": [{"scan_type_id": "science"}],
            "pb_realtime": ["pb-mvp01-20260131-00000"],
            "status": "ACTIVE",
            "last_updated": "2026-01-31 23:12:37",
        },
    ),
    "/pb/<pb_id>": (
        ProcessingBlock,
        {
            "key": "pb-mvp01-20260131-00000",
            "eb_id": "eb-mvp01-20260131-00000",
            "script": "realtime:vis-receive:5.1.0",
        },
    ),
    "/pb/<pb_id>/owner": (
        Owner,
        {"pid": 7, "hostname": "node-1", "command": ["vis-receive"]},
    ),
    "/script/<kind>:<name>:<version>": (
        Script,
        {"key": "realtime:vis-receive:5.1.0", "image": "example.org/vis-receive:5.1.0"},
    ),
    "/deploy/<dpl_id>": (
        Deployment,
        {
            "key": "proc-pb-mvp01-20260131-00000-vis-receive",
            "kind": "helm",
            "args": {"chart": "vis-receive", "values": {"replicas": 1}},
        },
    ),
    "/flow/<pb_id>:<kind>:<name>": (
        Flow,
        {
            "key": Flow.Key(
                pb_id="pb-mvp01-20260131-00000", kind="data-product", name="visibilities"
            ),
            "sink": DataProduct(data_dir="/data/product", paths=["vis.ms"]),
            "sources": [FlowSource(uri="kafka://broker:9092")],
            "data_model": "Visibility",
        },
    ),
    "/dependency/<pb_id>:<kind>:<name>:<origin>": (
        Dependency,
        {
            "key": Dependency.Key(
                pb_id="pb-mvp01-20260131-00000",
                kind="data-product",
                name="visibilities",
                origin="dlm",
            ),
            "expiry_time": 86400,
        },
    ),
}

_PARTS: Mapping[str, type[StoredModel]] = {
    "One of the `dependencies` of a processing block": PBDependency,
    "One of the `sources` of a flow": FlowSource,
    "`sink` of kind `data-product`": DataProduct,
    "`sink` of kind `data-product-persist`": DataProductPersist,
    "`sink` of kind `data-queue`": DataQueue,
    "`sink` of kind `shared-mem`": SharedMem,
    "`sink` of kind `display`": Display,
    "`sink` of kind `tango`": TangoAttribute,
    "`sink` of kind `tangomap`": TangoAttributeMap,
    "One of the `attributes` of such a sink": AttributeQuery,
}


_ENTRY_TYPES: Mapping[str, str] = {
    "transaction_id": "str | None",
    "last_command": "str | None",
    "last_command_time": "YYYY-MM-DDTHH:MM:SS+00:00 | None",
    "last_command_milliseconds": "int | None",
    "command_count": "int",
    "state_commanded": "name of a State",
    "obs_state_commanded": "name of an obsState",
    "reached": "bool",
    "admin_mode": "name of an adminMode",
    "eb_id": "str | None",
    "resources": "dict",
    "acknowledged": "list[str]",
    "errors": "dict[str, str]",
}
"""Types of the fields of the devices' entries as they are stored."""


def entities() -> str:
    """Return a section for each entity: its path, fields and an example as it is stored."""
    sections = []
    for path, (entity, example) in _PATHS.items():
        section = f"## `{path}`\n\n{first_line(entity)}\n\n{_fields(entity)}\n"
        if example is not None:
            stored = json.dumps(entity(**example).to_dict(), indent=2, sort_keys=True)
            section += f"```json\n{stored}\n```\n"
        sections.append(section)
    for title, entity in _PARTS.items():
        sections.append(f"**{title}**\n\n{_fields(entity)}\n")
    return "\n".join(sections)


def device_entries() -> str:
    """Return a section for each device entry."""
    sections = []
    for path, entry in (("/lmc/subarray/<NN>", Entry), ("/lmc/controller", ControllerEntry)):
        meanings = described(entry)
        rows = [
            [code(name), code(kind), meanings.get(name) or first_line(getattr(entry, name).fget)]
            for name, kind in _ENTRY_TYPES.items()
            if hasattr(entry, name)
        ]
        sections.append(
            f"## `{path}`\n\n{first_line(entry)}\n\n{table(['field', 'type', 'meaning'], rows)}"
        )
    return "\n".join(sections)


def _fields(entity: type[StoredModel]) -> str:
    meanings = described(entity)
    rows = []
    for name, field in entity.model_fields.items():
        others = _other_names(name, field)
        if name == "key" and not others:
            continue
        kind = code(_type_of(field.annotation))
        is_required = "yes" if field.is_required() else "no"
        rows.append([code(name), kind, is_required, meanings.get(name, "")])
        rows += [
            [code(other), kind, "no", f"Another name of `{name}`; either is read."]
            for other in others
        ]
    return table(["field", "type", "required", "meaning"], rows)


def _other_names(name: str, field: FieldInfo) -> list[str]:
    """Return the other names under which a field is read."""
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else []
    return [other for other in choices if isinstance(other, str) and other != name]


def _type_of(kind: Any) -> str:
    """Return the type of a field as it is stored, without pydantic's annotations."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(json.dumps(value) for value in inner)
    if kind is Flow.Key:
        return "str"
    if origin is Annotated:
        return _type_of(inner[0])
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(map(_type_of, inner)))
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(_type_of, inner))}]"
    if kind is NoneType:
        return "None"
    return getattr(kind, "__qualname__", str(kind))
