"""Attributes that show what a device's publisher holds, and commands, with their texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import tango
from tango.server import attribute, command

from ska_sdp_config.lmc.health import MAX_SENTENCES

__all__ = ["constant", "published", "tango_command", "tango_value"]

MethodT = TypeVar("MethodT", bound=Callable[..., None])


def published(
    name: str, dtype: Any, doc: str, *, label: str, write: Callable[..., None] | None = None,
    **settings: Any,
) -> attribute:  # fmt: skip
    """Make an attribute that reads the last value published, whatever the database does.

    Args:
        name: its name in Tango, and in views.
        dtype: its type: an enumeration's members become its labels.
        doc: its description.
        label: its label.
        write: method that writes it; without one it is read-only.
        **settings: further settings of the attribute, such as ``unit``.
    """

    def read(device: Any) -> tuple[Any, float, tango.AttrQuality]:
        found = device.publisher.read(name)
        if found is None:
            return _nothing(dtype), time.time(), tango.AttrQuality.ATTR_INVALID
        value, when = found
        return value, when, tango.AttrQuality.ATTR_VALID

    if isinstance(dtype, tuple):
        settings["max_dim_x"] = MAX_SENTENCES
    return _attribute(name, read, dtype=dtype, doc=doc, label=label, write=write, **settings)


def constant(name: str, value: Callable[[Any], str], doc: str, *, label: str) -> attribute:
    """Make an attribute that stays the same as long as its device lives.

    Args:
        name: its name in Tango.
        value: gets the value from the device, in ASCII.
        doc: its description.
        label: its label.
    """

    def read(device: Any) -> str:
        return value(device)

    return _attribute(name, read, dtype=str, doc=doc, label=label)


def tango_command(doc: str, **settings: Any) -> Callable[[MethodT], MethodT]:
    """Make a method a command that returns nothing.

    Args:
        doc: what it does, or what its argument is.
        **settings: further settings of the command, such as ``dtype_in``.
    """

    def decorate(method: MethodT) -> MethodT:
        decorated: MethodT = command(doc_in=doc, **settings)(method)
        return decorated

    return decorate


def _attribute(
    name: str, read: Callable[..., Any], write: Callable[..., None] | None = None, **settings: Any
) -> attribute:
    if write is not None:
        settings |= {"fset": write, "access": tango.AttrWriteType.READ_WRITE}
    # Without a green mode Tango calls the method itself, not a worker that would.
    return attribute(name=name, fget=read, green_mode=False, **settings)


def _nothing(dtype: Any) -> Any:
    """What is given with ATTR_INVALID; Tango wants a value, and delivers none."""
    if isinstance(dtype, tuple):
        return []
    return "" if dtype is str else 0


def tango_value(value: Any) -> Any:
    """Turn a model's State into Tango's; other values are what Tango takes."""
    return getattr(tango.DevState, value.name) if _is_state(value) else value


def _is_state(value: Any) -> bool:
    return type(value).__name__ == "State"
