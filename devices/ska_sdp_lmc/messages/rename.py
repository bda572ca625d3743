"""Conversion of schema 0.2 keys to 0.3, and of older subbands to channels.

All functions accept any JSON value and leave unknown parts unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ska_sdp_config.lmc.schema.check import schema_issues
from ska_sdp_config.lmc.schema.faults import Issue, Location, Severity
from ska_sdp_lmc.messages.schema.flat import Subbands

__all__ = ["channels_from_subbands", "rename_02", "rename_scan_type_02"]


def rename_02(document: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the keys of an AssignResources message of schema 0.2 to those of 0.3."""
    renamed = _renamed(document, {"id": "eb_id"})
    _each(renamed, "scan_types", rename_scan_type_02)
    _each(renamed, "processing_blocks", _rename_block_02)
    return renamed


def rename_scan_type_02(scan_type: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the keys of a scan type of schema 0.2 to those of 0.3."""
    return _renamed(scan_type, {"id": "scan_type_id", "coordinate_system": "reference_frame"})


def _rename_block_02(block: Mapping[str, Any]) -> dict[str, Any]:
    renamed = _renamed(block, {"id": "pb_id"})
    if isinstance(workflow := renamed.get("workflow"), dict):
        renamed["workflow"] = _renamed(workflow, {"type": "kind", "id": "name"})
    _each(renamed, "dependencies", lambda dependency: _renamed(dependency, {"type": "kind"}))
    return renamed


def channels_from_subbands(scan_types: Any, at: Location) -> tuple[Any, list[Issue]]:
    """Convert ``subbands`` to ``channels`` in flat scan types without ``channels``.

    A subband has no first channel of its own; it is taken from the first entry of the link map,
    so a subband without link map is not converted.

    Returns:
        The scan types, and an issue for each that was converted.
    """
    if not isinstance(scan_types, list):
        return scan_types, []
    changed = list(scan_types)
    issues = []
    for index, scan_type in enumerate(scan_types):
        if isinstance(scan_type, dict) and "channels" not in scan_type and _readable(scan_type):
            channels = [_window(subband) for subband in scan_type["subbands"]]
            kept = {key: value for key, value in scan_type.items() if key != "subbands"}
            changed[index] = {**kept, "channels": channels}
            fault = "is older than schema 0.1, read as channels"
            issues.append(Issue((*at, index, "subbands"), fault, Severity.QUIRK))
    return changed, issues


def _readable(scan_type: Mapping[str, Any]) -> bool:
    return "subbands" in scan_type and not schema_issues(
        Subbands, {"subbands": scan_type["subbands"]}
    )


def _window(subband: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "count": subband["nchan"],
        "start": subband["input_link_map"][0][0],
        "freq_min": subband["freq_min"],
        "freq_max": subband["freq_max"],
        "link_map": subband["input_link_map"],
    }


def _renamed(mapping: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Rename keys of a mapping; a renamed key replaces an existing one of that name."""
    renamed = {key: value for key, value in mapping.items() if key not in names}
    renamed.update({new: mapping[old] for old, new in names.items() if old in mapping})
    return renamed


def _each(
    mapping: dict[str, Any], key: str, change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> None:
    """Apply a change to each object of the list at a key, if there is one."""
    if isinstance(values := mapping.get(key), list):
        mapping[key] = [change(value) if isinstance(value, dict) else value for value in values]
