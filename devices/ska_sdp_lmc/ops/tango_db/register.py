"""Idempotent registration of devices in a Tango database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import tango

from ska_sdp_lmc.ops.tango_db.data import Registration

_NOT_DEFINED = "DB_DeviceNotDefined"


@dataclass(frozen=True)
class Change:
    """Change of one device, made or, in a dry run, pending.

    Attributes:
        device: name of the device.
        what: description of the change: ``added to SDPSubarray/01 as SDPSubarray``.
    """

    device: str
    what: str

    def __str__(self) -> str:
        return f"{self.device}: {self.what}"


def register(
    database: tango.Database, devices: Iterable[Registration], *, dry_run: bool = False
) -> list[Change]:
    """Register devices and set their properties and those of their attributes.

    A dry run only computes the changes.

    Other devices, and properties that are not in the data, are kept. An empty list of values
    removes a property.

    Returns:
        The changes; empty if the database is up to date.

    Raises:
        tango.DevFailed: a request failed. Earlier changes are not undone.
    """
    changes: list[Change] = []
    for device in devices:
        # Properties first: a server that waits for its devices starts once they are registered.
        properties = _set_properties(database, device, dry_run)
        properties += _set_attribute_properties(database, device, dry_run)
        changes += [*_place(database, device, dry_run), *properties]
    return changes


def _place(database: tango.Database, device: Registration, dry_run: bool) -> list[Change]:
    wanted = (device.server, device.class_name)
    before = _place_of(database, device.device)
    if before == wanted:
        return []
    administration = Registration(device.server, "DServer", f"dserver/{device.server}", {})
    if not dry_run:
        for entry in (administration, device):
            if _place_of(database, entry.device) != (entry.server, entry.class_name):
                database.add_device(_tango_info(entry))
    origin = "added" if before is None else f"moved from {' as '.join(before)}"
    return [Change(device.device, f"{origin} to {' as '.join(wanted)}")]


def _place_of(database: tango.Database, name: str) -> tuple[str, str] | None:
    """Return server and class of a device in the database, None if it is not registered."""
    try:
        info = database.get_device_info(name)
    except tango.DevFailed as error:
        if error.args[0].reason == _NOT_DEFINED:
            return None
        raise
    return info.ds_full_name, info.class_name


def _tango_info(entry: Registration) -> tango.DbDevInfo:
    info = tango.DbDevInfo()
    info.name = entry.device
    info._class = entry.class_name  # noqa: SLF001 - PyTango's public name for it
    info.server = entry.server
    return info


def _set_properties(database: tango.Database, device: Registration, dry_run: bool) -> list[Change]:
    if not device.properties:
        return []
    stored = database.get_device_property(device.device, list(device.properties))
    changes = []
    for name, values in device.properties.items():
        if list(stored[name]) == values:
            continue
        changes.append(_change(device, name, list(stored[name]), values))
        if dry_run:
            continue
        if values:
            database.put_device_property(device.device, {name: values})
        else:
            database.delete_device_property(device.device, name)
    return changes


def _set_attribute_properties(
    database: tango.Database, device: Registration, dry_run: bool
) -> list[Change]:
    changes = []
    for attribute, properties in device.attribute_properties.items():
        stored = _attribute_properties(database, device, attribute)
        for name, values in properties.items():
            before = stored.get(name, [])
            if before == values:
                continue
            changes.append(_change(device, f"{attribute}/{name}", before, values))
            if dry_run:
                continue
            if values:
                wanted = {attribute: {name: values}}
                database.put_device_attribute_property(device.device, wanted)
            else:
                database.delete_device_attribute_property(device.device, {attribute: [name]})
    return changes


def _attribute_properties(
    database: tango.Database, device: Registration, attribute: str
) -> dict[str, list[str]]:
    """Return the stored properties of an attribute, which Tango names in its own case."""
    found = database.get_device_attribute_property(device.device, [attribute])
    return {
        name: list(values) for properties in found.values() for name, values in properties.items()
    }


def _change(device: Registration, name: str, before: list[str], values: list[str]) -> Change:
    what = f"set to {values}" if values else "removed"
    return Change(device.device, f"property {name} {what}, was {before}")
