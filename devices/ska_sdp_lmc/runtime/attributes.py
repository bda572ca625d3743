"""Tables of attributes, and the declarations that PyTango makes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import tango
from tango.server import attribute, command

from ska_sdp_config.lmc.health import MAX_SENTENCES
from ska_sdp_config.lmc.states import State
from ska_sdp_config.lmc.view import View

__all__ = ["BUILT_IN", "Attribute", "declare", "tango_command"]

ViewT = TypeVar("ViewT", bound=View)
MethodT = TypeVar("MethodT", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Attribute(Generic[ViewT]):
    """Attribute of a device: one row of its table.

    Reads return the last published value, also during an outage.

    Attributes:
        name: name in Tango.
        dtype: type; the members of an enumeration become its labels, a tuple is a spectrum.
        label: label.
        value: returns the value, given a view; None if it does not come from views.
        doc: description.
        unit: unit, empty for none.
        min_value: lowest value, None for no limit.
        write: method that writes it; None if it is read-only.
        source: class of the views that contain it.
        constant: returns the value of a device, in ASCII, if it never changes.
    """

    name: str
    dtype: Any
    label: str
    value: Callable[[ViewT], Any] | None
    doc: str
    unit: str = ""
    min_value: int | None = None
    write: Callable[[Any, Any], None] | None = None
    source: type[View] = View
    constant: Callable[[Any], str] | None = None

    def read(self, device: Any) -> tuple[Any, float, tango.AttrQuality]:
        """Return value, time and quality on a device."""
        if self.constant is not None:
            return self.constant(device), time.time(), tango.AttrQuality.ATTR_VALID
        found = device.publisher.read(self.name)
        if found is None:
            # Tango requires a value with ATTR_INVALID, and does not send it.
            empty: Any = [] if isinstance(self.dtype, tuple) else "" if self.dtype is str else 0
            return empty, time.time(), tango.AttrQuality.ATTR_INVALID
        value, when = found
        return value, when, tango.AttrQuality.ATTR_VALID


BUILT_IN: tuple[Attribute[View], ...] = (
    Attribute("State", State, "State", lambda view: view.state, "State of the device."),
    Attribute("Status", str, "Status", None, "State, obsState and the first line of healthInfo."),
)
"""Attributes that every Tango device has, and that are not declared."""


def declare(table: Iterable[Attribute[Any]]) -> dict[str, attribute]:
    """Return the declarations of a table, by names for the body of a device class."""
    return {f"{row.name}_attribute": _declaration(row) for row in table}


def _declaration(row: Attribute[Any]) -> attribute:
    settings: dict[str, Any] = {"dtype": row.dtype, "doc": row.doc, "label": row.label}
    if row.unit:
        settings["unit"] = row.unit
    if row.min_value is not None:
        settings["min_value"] = row.min_value
    if isinstance(row.dtype, tuple):
        settings["max_dim_x"] = MAX_SENTENCES
    if row.write is not None:
        settings |= {"fset": row.write, "access": tango.AttrWriteType.READ_WRITE}

    def read(device: Any) -> tuple[Any, float, tango.AttrQuality]:
        return row.read(device)

    # Without a green mode, Tango calls the method directly instead of through a worker.
    return attribute(name=row.name, fget=read, green_mode=False, **settings)


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
