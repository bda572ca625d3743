"""Ids that a message repeats, and references in it to what is not there.

Dangling references are normal in messages in use, half of the real ones have one (spec 5).
All functions take any JSON, checked or not: what has the wrong type is told by the schema.
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
    """Tell of objects in a list that have the id of one before them.

    Args:
        values: the list.
        key: the key that holds the id.
        at: location of the list.
        severity: how much a repeat weighs.
    """
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

    Args:
        block: the execution block, of schema 0.4 or later.
        at: its location.
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
    """Tell of dangling references in scan types that are added to an execution block.

    Args:
        scan_types: the scan types, of schema 0.4.
        block: the execution block as it is with them.
        at: location of the scan types in their message.
    """
    yield from _origin_issues(scan_types, block, at)
    yield from _use_issues(scan_types, block, at)


def window_issues(windows: Any, at: Location) -> Iterator[Issue]:
    """Yield runs of channels whose lowest frequency is not below the highest."""
    for index, window in objects(windows):
        low, high = window.get("freq_min"), window.get("freq_max")
        if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
            fault = f"is {'above' if low > high else 'equal to'} freq_max"
            yield Issue((*at, index, "freq_min"), fault, Severity.FORM)


def cycle_issues(scan_types: Any, at: Location) -> Iterator[Issue]:
    """Tell of scan types that are, in the end, derived from themselves.

    Args:
        scan_types: scan types of schema 0.4.
        at: their location.
    """
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
    """Tell of dependencies on processing blocks that the message does not have.

    Args:
        blocks: the processing blocks of a message.
        at: location of the processing blocks.
        alone: whether the message has no execution block: they add to one that is there, and may
            depend on what it has.
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
    """Tell of beams and definitions that scan types use and the block does not have."""
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
    """Return the names from which following ``origins`` never ends."""
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
    """Yield index and value of the objects in a list; nothing when it is no list."""
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield index, value


def _ids(values: Any, key: str) -> set[str]:
    found = (value.get(key) for _, value in objects(values))
    return {name for name in found if isinstance(name, str)}
