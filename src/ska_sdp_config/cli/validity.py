"""Validation of values: known fields must have the right type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ska_sdp_config.cli.errors import rejecting
from ska_sdp_config.cli.objects import (
    ALLOCATION,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    REQUEST,
    RESOURCE,
    SCRIPT,
    Location,
    SdpObject,
    locate,
)
from ska_sdp_config.entity.allocation import Allocation
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.common.ids import check_block_id, check_deployment_id
from ska_sdp_config.entity.deployment import Deployment
from ska_sdp_config.entity.eb import ExecutionBlock
from ska_sdp_config.entity.flow import Dependency, Flow
from ska_sdp_config.entity.owner import Owner
from ska_sdp_config.entity.pb import ProcessingBlock
from ska_sdp_config.entity.request import Request
from ska_sdp_config.entity.resource import Resource
from ska_sdp_config.entity.script import Script
from ska_sdp_config.entity.states import (
    DependencyState,
    DeploymentState,
    ExecutionBlockState,
    FlowState,
    ProcessingBlockState,
)
from ska_sdp_config.entity.system import System
from ska_sdp_config.live import values

__all__ = ["check_new_id", "find_faults", "known_fields", "reason_of", "stored_text"]

Time = str | int | float


class _Fields(BaseModel):
    """Base of models of known fields in plain mappings."""

    model_config = ConfigDict(extra="allow")


class _State(_Fields):
    """Known fields of states."""

    status: str
    reason: str | None
    resources_available: bool
    deployments_ready: bool
    deployments: dict[str, Any] | None
    receive_addresses: dict[str, Any] | list[Any] | None
    scan_type: str | None
    scan_id: int | None
    scans: list[Any]
    num_pod: int
    pods: dict[str, str]
    error_state: list[dict[str, Any]] | None
    error_messages: Any
    size: int | float | None
    last_updated: Time


class _DeviceEntry(_Fields):
    """Known fields of the entries of Tango devices."""

    transaction_id: str | None
    last_command: str | None
    last_command_time: str | None
    last_command_milliseconds: int | None
    command_count: int
    state_commanded: str | None
    admin_mode: str | int | None
    obs_state_commanded: str | None
    reached: bool
    eb_id: str | None
    resources: dict[str, Any] | None
    acknowledged: list[str]
    errors: dict[str, Any]
    settings: dict[str, Any]


class _Args(_Fields):
    """Known arguments of a deployment."""

    chart: str
    values: dict[str, Any]


_MODELS: dict[tuple[str, str], type[BaseModel]] = {
    ("pb", ""): ProcessingBlock,
    ("eb", ""): ExecutionBlock,
    ("script", ""): Script,
    ("deployment", ""): Deployment,
    ("flow", ""): Flow,
    ("dependency", ""): Dependency,
    ("controller", ""): _DeviceEntry,
    ("subarray", ""): _DeviceEntry,
    ("resource", ""): Resource,
    ("request", ""): Request,
    ("allocation", ""): Allocation,
    ("system", ""): System,
    **{(kind, "state"): _State for kind in ("pb", "eb", "deployment", "flow", "dependency")},
    ("resource", "state"): _Fields,
    ("component", "state"): _State,
    **{(kind, "owner"): Owner for kind in ("pb", "eb", "deployment", "flow", "component")},
}

_STATES: dict[str, type] = {
    PB.name: ProcessingBlockState,
    EB.name: ExecutionBlockState,
    DEPLOYMENT.name: DeploymentState,
    FLOW.name: FlowState,
    DEPENDENCY.name: DependencyState,
}
"""Types of the states by kind, whose fields differ."""

_ASSUMED = frozenset({"resource", "request", "allocation"})
"""Kinds whose fields are assumed: other programs may store other types."""

_ID_FIELDS = {"pb": "pb_id", "eb": "eb_id", "deployment": "dpl_id"}
"""Fields that hold the ID of the object."""

_PYDANTIC_PREFIXES = ("Value error, ", "Input ")
"""Prefixes of pydantic's messages to remove."""


def stored_text(path: str, value: Any, prefix: str = "", *, is_new: bool = False) -> str:
    """Validate the value for a full path, and return the text to store; see find_faults.

    Raises:
        Failed: it is invalid; names each invalid field.
    """
    place = locate(path, prefix)
    with rejecting(f"The value for {path}"):
        faults = [] if place is None else find_faults(place, value, is_new=is_new)
        if faults:
            raise ValueError("; ".join(faults))
        try:
            text = encode(value)
            text.encode()
        except (TypeError, ValueError) as exc:
            raise ValueError(f"it is not JSON ({exc}); put dates and the like in quotes") from exc
    return text


def find_faults(place: Location, value: Any, *, is_new: bool = False) -> list[str]:
    """Return a clause for each invalid field; none for a value without a model.

    Args:
        place: the location of the value.
        value: the value.
        is_new: whether the object is new. Otherwise it may be from another program, and fields
            whose types are assumed are not checked.
    """
    model = _MODELS.get((place.kind.name, place.part))
    if model is None:
        return []
    if not is_new and place.kind.name in _ASSUMED:
        model = _Fields
    if not isinstance(value, dict):
        return [f"it is {_type_name(value)}, not a mapping of fields{_example(value)}"]
    faults = _faults(model, value, place.key)
    id_field = _ID_FIELDS.get(place.kind.name)
    if not place.part and id_field:
        faults += [
            f"{name} is {value[name]!r}, but its path has {place.key!r}"
            for name in (id_field, "key")
            if value.get(name, place.key) != place.key
        ]
    args = value.get("args")
    if model is Deployment and isinstance(args, dict):
        faults += [f"args.{fault}" for fault in _faults(_Args, args)]
    return faults


def _example(value: Any) -> str:
    """Return the mapping that was meant by a text ``FIELD=VALUE``, as the end of a message."""
    field, equals, wanted = value.partition("=") if isinstance(value, str) else ("", "", "")
    return f", e.g. {json.dumps({field: values.read(wanted)})}" if field and equals else ""


def known_fields(path: str, prefix: str = "") -> list[str]:
    """Return the names of the known fields of the value at a path; none without a model."""
    place = locate(path, prefix)
    if place and place.part == "state" and place.kind.name in _STATES:
        return list(_STATES[place.kind.name].__annotations__)
    model = _MODELS.get((place.kind.name, place.part)) if place else None
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _faults(model: type[BaseModel], value: dict[str, Any], key: str = "") -> list[str]:
    has_key = key and "key" in model.model_fields
    try:
        # From JSON: strict validation of Python values would require Path or datetime objects.
        text = json.dumps({**value, "key": key} if has_key else value)
        model.model_validate_json(text, strict=True)
    except TypeError:
        return []  # not JSON: reported with the reason when it is encoded
    except ValidationError as error:
        return [
            f"{_field(each['loc'], value)}: {reason_of(each['msg'])}"
            for each in error.errors(include_url=False)
            # Missing fields are valid, the key is not part of the value, and invalid JSON is
            # reported when it is encoded.
            if each["type"] not in ("missing", "json_invalid")
            and not (has_key and each["loc"][0] not in value)
        ]
    return []


def _field(location: Sequence[str | int], value: Any) -> str:
    """Return the field of a fault with its value, without pydantic's names of alternatives."""
    name = ""
    for part in location:
        if isinstance(part, int) and isinstance(value, list) and part < len(value):
            name += f"[{part}]"
            value = value[part]
        elif isinstance(value, dict) and part in value:
            name += f".{part}" if name else str(part)
            value = value[part]
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return f"{name or 'the value'} is {shown if len(shown) < 60 else shown[:56] + ' …'}"


def reason_of(message: str) -> str:
    """Return a message of pydantic as a clause."""
    for words in _PYDANTIC_PREFIXES:
        message = message.removeprefix(words)
    return message.rstrip(".").replace("\n", " ")


def _type_name(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


_KEYS: dict[SdpObject, Any] = {
    SCRIPT: Script.Key,
    FLOW: Flow.Key,
    DEPENDENCY: Dependency.Key,
    RESOURCE: Resource.Key,
    REQUEST: Request.Key,
    ALLOCATION: Allocation.Key,
}


def check_new_id(kind: SdpObject, key: str) -> None:
    """Validate the ID of a new object.

    Raises:
        ValueError: it is invalid.
    """
    if kind in (PB, EB):
        check_block_id(key)
    elif kind == DEPLOYMENT:
        check_deployment_id(key)
    else:
        _check_parts(kind, key)


def _check_parts(kind: SdpObject, key: str) -> None:
    try:
        _KEYS[kind].from_text(key)
    except ValidationError as error:
        raise ValueError("; ".join(reason_of(each["msg"]) for each in error.errors())) from error
    except ValueError as error:
        # The number of parts is wrong.
        text = f"Invalid ID {key!r} of {kind.about}: expected {kind.id_name}."
        raise ValueError(text) from error
