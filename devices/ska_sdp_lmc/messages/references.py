"""Checks for duplicate ids and dangling references in a message.

Dangling references are common in practice. All functions accept any JSON value and skip values
of the wrong type, which the schema reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ska_sdp_config.lmc.schema.faults import Issue, Location, Severity, format_value

__all__ = [
    "block_issues",
    "cycle_issues",
    "dependency_issues",
    "new_scan_type_issues",
    "objects",
    "repeat_issues",
    "window_issues",
]

_DEFINITIONS = {
    "channels_id": "channels",
    "polarisations_id": "polarisations",
    "field_id": "fields",
}


def repeat_issues(
    values: Any, key: str, at: Location, severity: Severity = Severity.FORM
) -> Iterator[Issue]:
    """Yield objects in a list that repeat the id of an earlier one; ``key`` holds the id."""
    seen: set[str] = set()
    for index, value in objects(values):
        name = value.get(key)
        if isinstance(name, str):
            if name in seen:
                yield Issue(
                    (*at, index), f"has the id {format_value(name)} of one before it", severity
                )
            seen.add(name)


def block_issues(block: Any, at: Location) -> Iterator[Issue]:
    """Yield repeated ids, dangling references and empty ranges in an execution block.

    It has the form of schema 0.4 or later.
    """
    if not isinstance(block, dict):
        return
    yield from repeat_issues(block.get("beams"), "beam_id", (*at, "beams"))
    for key, part in _DEFINITIONS.items():
        yield from repeat_issues(block.get(part), key, (*at, part))
    for index, channels in objects(block.get("channels")):
        windows = channels.get("spectral_windows")
        where = (*at, "channels", index, "spectral_windows")
        yield from repeat_issues(windows, "spectral_window_id", where)
        yield from window_issues(windows, where)
    where = (*at, "scan_types")
    scan_types = block.get("scan_types")
    if scan_types == []:
        yield Issue(where, "is empty", Severity.FORM)
    yield from repeat_issues(scan_types, "scan_type_id", where, Severity.FATAL)
    yield from cycle_issues(scan_types, where)
    yield from _origin_issues(scan_types, block, where)
    yield from _use_issues(scan_types, block, where)


def new_scan_type_issues(
    scan_types: Any, block: Mapping[str, Any], at: Location
) -> Iterator[Issue]:
    """Yield dangling references in new scan types of schema 0.4; the block includes them."""
    yield from _origin_issues(scan_types, block, at)
    yield from _use_issues(scan_types, block, at)


def window_issues(windows: Any, at: Location) -> Iterator[Issue]:
    """Yield channel ranges whose ``freq_min`` is not below ``freq_max``."""
    for index, window in objects(windows):
        low, high = window.get("freq_min"), window.get("freq_max")
        if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
            fault = f"is {'above' if low > high else 'equal to'} freq_max"
            yield Issue((*at, index, "freq_min"), fault, Severity.FORM)


def cycle_issues(scan_types: Any, at: Location) -> Iterator[Issue]:
    """Yield scan types of schema 0.4 that derive, directly or indirectly, from themselves."""
    origins: dict[str, str] = {}
    for _, scan_type in objects(scan_types):
        name, origin = scan_type.get("scan_type_id"), scan_type.get("derive_from")
        if isinstance(name, str) and isinstance(origin, str):
            origins[name] = origin
    cyclic = _names_in_cycles(origins)
    for index, scan_type in objects(scan_types):
        origin = scan_type.get("derive_from")
        if isinstance(origin, str) and origin in cyclic:
            fault = f"{format_value(origin)} is derived from itself"
            yield Issue((*at, index, "derive_from"), fault, Severity.STRUCTURE)


def dependency_issues(blocks: Any, at: Location, *, alone: bool = False) -> Iterator[Issue]:
    """Yield dependencies on processing blocks that are not in the message.

    Args:
        blocks: the processing blocks of a message.
        at: location of the processing blocks.
        alone: whether the message has no execution block. The blocks are then added to an
            existing one and may depend on its processing blocks.
    """
    known = _ids(blocks, "pb_id")
    for index, block in objects(blocks):
        for number, dependency in objects(block.get("dependencies")):
            pb_id = dependency.get("pb_id")
            where = (*at, index, "dependencies", number, "pb_id")
            if not isinstance(pb_id, str):
                continue
            if pb_id == block.get("pb_id"):
                yield Issue(where, "is the processing block itself", Severity.FORM)
            elif pb_id not in known and not alone:
                yield Issue(where, f"{format_value(pb_id)} is not in this message", Severity.FORM)


def _use_issues(scan_types: Any, block: Mapping[str, Any], at: Location) -> Iterator[Issue]:
    """Yield references of scan types to beams and definitions that are not in the block."""
    beams = _ids(block.get("beams"), "beam_id")
    known = {key: _ids(block.get(part), key) for key, part in _DEFINITIONS.items()}
    for index, scan_type in objects(scan_types):
        uses = scan_type.get("beams")
        for beam_id, use in uses.items() if isinstance(uses, dict) else ():
            where = (*at, index, "beams", beam_id)
            if beam_id not in beams:
                yield Issue(where, f"there is no beam {format_value(beam_id)}", Severity.FORM)
            for key, part in _DEFINITIONS.items():
                found = use.get(key) if isinstance(use, dict) else None
                if isinstance(found, str) and found not in known[key]:
                    fault = f"{format_value(found)} is not among the {part}"
                    yield Issue((*where, key), fault, Severity.FORM)


def _origin_issues(scan_types: Any, block: Mapping[str, Any], at: Location) -> Iterator[Issue]:
    known = _ids(block.get("scan_types"), "scan_type_id")
    for index, scan_type in objects(scan_types):
        origin = scan_type.get("derive_from")
        if isinstance(origin, str) and origin not in known:
            fault = f"there is no scan type {format_value(origin)}"
            yield Issue((*at, index, "derive_from"), fault, Severity.FORM)


def _names_in_cycles(origins: Mapping[str, str]) -> set[str]:
    """Return the names whose chain of ``origins`` runs into a cycle."""
    ends: dict[str, bool] = {}
    for start in origins:
        path: list[str] = []
        on_path: set[str] = set()
        name = start
        while name in origins and name not in ends and name not in on_path:
            path.append(name)
            on_path.add(name)
            name = origins[name]
        ending = ends.get(name, name not in on_path)
        ends.update(dict.fromkeys(path, ending))
    return {name for name, ending in ends.items() if not ending}


def objects(values: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield index and value of each object in a list; nothing for any other value."""
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield index, value


def _ids(values: Any, key: str) -> set[str]:
    found = (value.get(key) for _, value in objects(values))
    return {name for name in found if isinstance(name, str)}
