"""Configure, Scan, EndScan and End."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ska_sdp_config.lmc import rejections
from ska_sdp_config.lmc.states import Json
from ska_sdp_lmc.commands.documents import read_list
from ska_sdp_lmc.commands.write_builder import WriteBuilder
from ska_sdp_lmc.messages.internal import Configure, Scan

__all__ = ["configure", "end", "end_scan", "scan"]


def configure(builder: WriteBuilder, message: Configure) -> None:
    """Add new scan types and select one."""
    eb = builder.require_active_eb()
    known = _ids(eb.get("scan_types"), "scan_type_id")
    new = _ids(message.new_scan_types, "scan_type_id")
    if message.scan_type not in (*known, *new):
        raise rejections.SCAN_TYPE_UNDEFINED.rejection(
            scan_type=message.scan_type, defined=", ".join(dict.fromkeys((*known, *new))) or "none"
        )
    for number, scan_type in enumerate(new):
        if scan_type in known or scan_type in new[:number]:
            raise rejections.SCAN_TYPE_DEFINED.rejection(scan_type=scan_type)
    added = {
        "scan_types": _joined(eb, "scan_types", "scan_type_id", message.new_scan_types),
        "channels": _joined(eb, "channels", "channels_id", message.new_channels),
        "fields": _joined(eb, "fields", "field_id", message.new_fields),
        "beams": _joined(eb, "beams", "beam_id", message.new_beams),
    }
    changed = {name: items for name, items in added.items() if items != eb.get(name)}
    builder.update_eb(current_scan_type=message.scan_type, scan_id=None, **changed)


def scan(builder: WriteBuilder, message: Scan) -> None:
    """Begin a scan."""
    eb = builder.require_active_eb()
    begun: dict[str, Any] = {
        "scan_id": message.scan_id,
        "scan_type": eb.get("current_scan_type"),
        "status": "ACTIVE",
    }
    planned = {"start_time": message.start_time, "duration": message.duration}
    begun |= {name: value for name, value in planned.items() if value is not None}
    scans = [*builder.closed_scans("ABORTED"), begun]
    builder.update_eb(scans=scans, scan_id=message.scan_id)


def end_scan(builder: WriteBuilder) -> None:
    """End the running scan and keep the scan type."""
    builder.update_eb(scans=builder.closed_scans("FINISHED"), scan_id=None)


def end(builder: WriteBuilder) -> None:
    """End the execution block; its batch processing continues."""
    builder.end_eb("FINISHED")


def _ids(items: object, key: str) -> list[str]:
    if not isinstance(items, Sequence):
        return []
    return [item[key] for item in items if isinstance(item, dict) and key in item]


def _joined(eb: Json, name: str, key: str, more: Iterable[Json]) -> list[Json]:
    """Return the execution block's list with further items, without those that it has."""
    present = read_list(eb, name)
    known = _ids(present, key)
    return [*present, *(dict(item) for item in more if item.get(key) not in known)]
