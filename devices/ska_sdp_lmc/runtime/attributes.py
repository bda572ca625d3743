"""Declarations of attributes and commands."""

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
    """Create an attribute that reads the last published value, also during an outage.

    Args:
        name: its name in Tango, and in views.
        dtype: its type; the members of an enumeration become its labels.
        doc: its description.
        label: its label.
        write: method that writes it; without one it is read-only.
        **settings: further settings of the attribute, such as ``unit``.
    """

    def read(device: Any) -> tuple[Any, float, tango.AttrQuality]:
        found = device.publisher.read(name)
        if found is None:
            return _placeholder(dtype), time.time(), tango.AttrQuality.ATTR_INVALID
        value, when = found
        return value, when, tango.AttrQuality.ATTR_VALID

    if isinstance(dtype, tuple):
        settings["max_dim_x"] = MAX_SENTENCES
    return _attribute(name, read, dtype=dtype, doc=doc, label=label, write=write, **settings)


def constant(name: str, value: Callable[[Any], str], doc: str, *, label: str) -> attribute:
    """Create an attribute with a constant value.

    Args:
        name: its name in Tango.
        value: returns the value of a device, in ASCII.
        doc: its description.
        label: its label.
    """

    def read(device: Any) -> str:
        return value(device)

    return _attribute(name, read, dtype=str, doc=doc, label=label)


def tango_command(doc: str, **settings: Any) -> Callable[[MethodT], MethodT]:
    """Declare a method as a command without a result.

    Args:
        doc: description of the command or of its argument.
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
    # Without a green mode, Tango calls the method directly instead of through a worker.
    return attribute(name=name, fget=read, green_mode=False, **settings)


def _placeholder(dtype: Any) -> Any:
    """Return the value for ATTR_INVALID: Tango requires one, and does not send it."""
    if isinstance(dtype, tuple):
        return []
    return "" if dtype is str else 0


def tango_value(value: Any) -> Any:
    """Convert a State of the model to Tango's; return other values unchanged."""
    return getattr(tango.DevState, value.name) if _is_state(value) else value


def _is_state(value: Any) -> bool:
    return type(value).__name__ == "State"
