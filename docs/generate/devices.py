"""Reference of the Tango devices, from their classes."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import tango
from docs.generate.text import code, described, first_line, table
from tango.server import device_property

from ska_sdp_config.lmc.health import MAX_SENTENCES
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.states import AdminMode, HealthState, ObsState
from ska_sdp_lmc.devices.base import LmcDevice
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.runtime.attributes import Attribute
from ska_sdp_lmc.runtime.settings import PROPERTIES, Settings

__all__ = [
    "controller_attributes",
    "controller_commands",
    "controller_properties",
    "enumerations",
    "subarray_attributes",
    "subarray_commands",
    "subarray_properties",
]

_OF_TANGO = "Init"

_TYPES = {str: "string", tango.DevLong64: "64-bit integer"}


def controller_attributes() -> str:
    """Return the table of SDPController's attributes."""
    return _attributes(SDPController)


def subarray_attributes() -> str:
    """Return the table of SDPSubarray's attributes."""
    return _attributes(SDPSubarray)


def controller_commands() -> str:
    """Return the table of SDPController's commands."""
    rows = [[code(name), about] for name, _, about in _commands(SDPController)]
    return table(["command", "effect"], rows)


def subarray_commands() -> str:
    """Return the table of SDPSubarray's commands."""
    rows = [
        [code(name), argument or "none", about] for name, argument, about in _commands(SDPSubarray)
    ]
    return table(["command", "argument", "effect"], rows)


def controller_properties() -> str:
    """Return the table of SDPController's properties."""
    return _properties(SDPController)


def subarray_properties() -> str:
    """Return the table of SDPSubarray's properties."""
    return _properties(SDPSubarray)


def enumerations() -> str:
    """Return the names and numbers of each enumeration."""
    rows = [[code(kind.__name__), _numbers(kind)] for kind in (AdminMode, HealthState, ObsState)]
    return table(["enumeration", "values"], rows)


def _numbers(kind: type[IntEnum]) -> str:
    return ", ".join(f"{member.name} {member.value}" for member in kind)


def _members(device: type[LmcDevice], kind: type) -> Iterator[tuple[str, Any]]:
    # PyTango copies the members of the base into each class; list them first.
    members = vars(LmcDevice) | vars(device)
    yield from ((name, member) for name, member in members.items() if isinstance(member, kind))


def _attributes(device: type[LmcDevice]) -> str:
    rows = [[code(row.name), _kind(row), row.doc] for row in device.attributes]
    return table(["attribute", "type", "meaning"], rows)


def _kind(row: Attribute[Any]) -> str:
    is_spectrum = isinstance(row.dtype, tuple)
    dtype = row.dtype[0] if is_spectrum else row.dtype
    kind = _TYPES.get(dtype, "enumeration")
    if is_spectrum:
        kind = f"spectrum of {MAX_SENTENCES} {kind}s"
    if row.write is not None:
        kind += ", read and write"
    return f"{kind}, {row.unit}" if row.unit else kind


def _commands(device: type[LmcDevice]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the argument and the effect of each command, except Tango's own."""
    for name, method in vars(device).items():
        declared = getattr(method, "__tango_command__", None)
        if declared is not None and name != _OF_TANGO:
            kind, about_argument = declared[1][0]
            argument = "" if kind == tango.CmdArgType.DevVoid else about_argument.rstrip(".")
            yield name, argument, first_line(method.__wrapped__) if argument else about_argument


def _properties(device: type[LmcDevice]) -> str:
    meanings = described(ModelSettings) | described(Settings)
    rows = [
        [code(name), found.__doc__ or meanings[PROPERTIES[name]]]
        for name, found in _members(device, device_property)
    ]
    return table(["property", "meaning"], rows)
