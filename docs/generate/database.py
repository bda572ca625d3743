"""Tables of the database's entities and device entries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from docs.generate.text import code, described, first_line, table
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from ska_sdp_config.entity import (
    Allocation,
    Deployment,
    ExecutionBlock,
    Flow,
    ProcessingBlock,
    Request,
    Resource,
    Script,
    System,
)
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
    "/resource/<kind>:<name>": (
        Resource,
        {"key": "storage:capacity-buffer", "quantity": 500000, "unit": "MB"},
    ),
    "/request/<pb_id>:<name>": (
        Request,
        {
            "key": "pb-mvp01-20260131-00000:buffer",
            "resource": "storage:capacity-buffer",
            "quantity": 20000,
        },
    ),
    "/allocation/<pb_id>:<name>": (
        Allocation,
        {
            "key": "pb-mvp01-20260131-00000:buffer",
            "resource": "storage:capacity-buffer",
            "request": "pb-mvp01-20260131-00000:buffer",
            "quantity": 20000,
        },
    ),
    "/system": (System, {"version": "1.0.0"}),
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
    "settings": "dict",
}
"""Types of the fields of the devices' entries as they are stored."""


def entities() -> str:
    """Return a section for each entity: its path, fields and an example as it is stored."""
    sections = []
    for path, (entity, example) in _PATHS.items():
        fields = f"{_fields(entity)}\n" if entity.model_fields else ""
        section = f"## `{path}`\n\n{first_line(entity)}\n\n{fields}"
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
    rows = [
        [
            code(stored_name),
            code(_type_of(field.annotation)),
            # A default that is validated is accepted in stored values only.
            "yes" if field.is_required() or field.validate_default else "no",
            meanings.get(name, ""),
        ]
        for name, field in entity.model_fields.items()
        for stored_name in _stored_names(name, field)
    ]
    return table(["field", "type", "required", "meaning"], rows)


def _stored_names(name: str, field: FieldInfo) -> list[str]:
    """Return the names under which a new entity has a field."""
    if name != "key":
        return [_stored_name(name, field)]
    # Keys of several parts are in the path alone.
    return [name, _stored_name(name, field)] if field.validation_alias else []


def _stored_name(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    first = alias.choices[0] if isinstance(alias, AliasChoices) else name
    return first if isinstance(first, str) else name


def _type_of(kind: Any) -> str:
    """Return the type of a field as it is stored, without pydantic's annotations."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(json.dumps(value) for value in inner)
    if kind in (Flow.Key, Resource.Key, Request.Key):
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
