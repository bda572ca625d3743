"""Choice of the attributes to archive: that of one site, for all sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ska_sdp_lmc.devices.base import LmcDevice
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.ops.archiving.documents import ArchivedDevice
from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.runtime.attributes import BUILT_IN

__all__ = ["CLASSES", "NOT_ARCHIVED", "archived_attributes", "archived_devices"]

CLASSES: Mapping[str, type[LmcDevice]] = {
    each.__name__: each for each in (SDPController, SDPSubarray)
}
"""Device classes by name."""

_LOGGED = "the log has every accepted command"
_STORED = "the configuration database keeps the blocks and their states"

NOT_ARCHIVED: Mapping[str, str] = {
    "Status": "a sentence for State, obsState and healthState, which are archived",
    "healthInfo": "sentences for healthState, which is archived",
    "subarrays": "attributes of the subarrays, which are archived",
    "executionBlocks": _STORED,
    "processingBlocks": _STORED,
    "ebState": _STORED,
    "pbState": _STORED,
    "lastCommand": _LOGGED,
    "transactionID": _LOGGED,
    "commandedState": _LOGGED,
    "commandedObsState": _LOGGED,
}
"""Attributes that are not archived, with the reason; all others of the devices are."""


def archived_attributes(device_class: type[LmcDevice]) -> tuple[str, ...]:
    """Return the names of the archived attributes of a device class, as the device has them."""
    table = (*BUILT_IN, *device_class.attributes)
    return tuple(row.name for row in table if row.name not in NOT_ARCHIVED)


def archived_devices(devices: Iterable[Registration]) -> Iterator[ArchivedDevice]:
    """Yield the devices with the attributes to archive."""
    for device in devices:
        names = archived_attributes(CLASSES[device.class_name])
        yield ArchivedDevice(device.device, device.class_name, names)
