"""Both forms of the archiver's configuration, as data for YAML.

The archiver is another project. Keep all knowledge of its format in this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ska_sdp_lmc.ops.archiving.tango_host import TangoHost

__all__ = ["ArchivedDevice", "Archiver", "Document", "to_form_1", "to_form_2"]

Document = dict[str, Any]

_HOST, _MANAGER, _SUBSCRIBER = "th1", "cm1", "es1"
"""Aliases in form 2."""

_ARCHIVE_SETTINGS: dict[str, Document] = {"scanID": {"archive_abs_change": 1}}
"""Further settings of an attribute in form 2."""


@dataclass(frozen=True, slots=True)
class ArchivedDevice:
    """A device and its archived attributes, as the device has their names."""

    name: str
    class_name: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Archiver:
    """Devices of the archiver, and the Tango database of the archived devices.

    Attributes:
        host: address of the Tango database.
        manager: name of the configuration manager.
        subscriber: name of the event subscriber.
    """

    host: TangoHost
    manager: str
    subscriber: str


def to_form_1(archiver: Archiver, devices: Sequence[ArchivedDevice]) -> Document:
    """Return the configuration for yaml2archiving.

    It names classes. The archiver finds the devices of each class in the Tango database.
    """
    classes = {device.class_name: device.attributes for device in devices}
    return {
        "db": str(archiver.host),
        "manager": archiver.manager,
        "archiver": archiver.subscriber,
        "configuration": [
            {
                "class": class_name,
                "attributes": {
                    name: {"code_push_event": True, "archive_strategy": "ALWAYS"} for name in names
                },
            }
            for class_name, names in classes.items()
        ],
    }


def to_form_2(archiver: Archiver, devices: Sequence[ArchivedDevice]) -> Document:
    """Return the configuration for the archiver's chart 5, with ``is_auto_config_format_new``.

    It names every attribute of every device, in lower case.
    """
    return {
        "tango_hosts": [{_HOST: {"host": archiver.host.name, "port": archiver.host.port}}],
        "event_subscribers": [{_SUBSCRIBER: {"trl": archiver.subscriber.lower()}}],
        "configuration_managers": [{_MANAGER: {"trl": archiver.manager.lower()}}],
        "defaults": [{"th": _HOST}, {"cm": _MANAGER}, {"es": _SUBSCRIBER}],
        "attributes": [
            {
                "trl": f"{device.name}/{name}".lower(),
                "es": _SUBSCRIBER,
                "cm": _MANAGER,
                "th": _HOST,
                "configuration": {"code_push_event": True, **_ARCHIVE_SETTINGS.get(name, {})},
            }
            for device in devices
            for name in device.attributes
        ],
    }
