"""Conversion of the flat schemas 0.1 to 0.3 to the stored form, that of schema 0.4.

- The ``channels`` of a flat scan type become one channels definition, with windows
  ``window_0``, ``window_1`` …, which the scan type uses for the beam ``vis0``.
- Its ``ra``, ``dec`` and frame become a field with a phase direction in degrees if they are
  valid; otherwise they stay on the scan type.
- The ids of definitions are hashes of their content. Scan types with the same channels share
  one definition, and a later Configure never reuses the id of a different one.
- Unknown keys are kept in place, unless schema 0.4 gives them a meaning.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ska_sdp_config.lmc.schema.faults import Issue, Location, Severity
from ska_sdp_lmc.messages.internal import Json
from ska_sdp_lmc.messages.references import objects, repeat_issues, window_issues

__all__ = [
    "VIS0",
    "ConvertedScanTypes",
    "complete_execution_block",
    "complete_processing_block",
    "execution_block_03",
    "flat_scan_type_issues",
    "processing_block_03",
]

VIS0: Json = {"beam_id": "vis0", "function": "visibilities"}
"""The only beam that flat scan types use."""

_EQUATORIAL = frozenset({"ICRS", "ICRF", "ICRF2", "ICRF3", "FK5", "J2000"})
_ANGLE = re.compile(r"([+-]?)([0-9]{1,3}):([0-5]?[0-9]):([0-5]?[0-9](?:\.[0-9]{0,12})?)")


class ConvertedScanTypes:
    """Valid scan types of schema 0.3 converted to schema 0.4, with the definitions they use.

    Attributes:
        scan_types: the scan types, in the same order.
        channels: the definitions of channels they use.
        fields: the fields they use.
    """

    def __init__(self, flat: Iterable[Mapping[str, Any]]) -> None:
        self._channels: dict[str, Json] = {}
        self._fields: dict[str, Json] = {}
        self.scan_types = [self._convert(scan_type) for scan_type in flat]
        self.channels = list(self._channels.values())
        self.fields = list(self._fields.values())

    def _convert(self, flat: Mapping[str, Any]) -> Json:
        use: dict[str, str] = {}
        dropped = {"channels", "beams", "derive_from"}
        if (windows := flat.get("channels")) is not None:
            use["channels_id"] = self._channels_id(windows)
        if (phase_dir := _phase_direction(flat)) is not None:
            use["field_id"] = _content_id("field", phase_dir)
            self._fields[use["field_id"]] = {"field_id": use["field_id"], "phase_dir": phase_dir}
            dropped |= {"ra", "dec", "reference_frame"}
        kept = {key: value for key, value in flat.items() if key not in dropped}
        return {**kept, "beams": {VIS0["beam_id"]: use}}

    def _channels_id(self, windows: Iterable[Mapping[str, Any]]) -> str:
        named = [
            {**window, "spectral_window_id": f"window_{index}"}
            for index, window in enumerate(windows)
        ]
        channels_id = _content_id("channels", named)
        self._channels[channels_id] = {"channels_id": channels_id, "spectral_windows": named}
        return channels_id


def _content_id(kind: str, content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{kind}-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


def _phase_direction(scan_type: Mapping[str, Any]) -> Json | None:
    """Return the phase direction of a flat scan type, or None if it is invalid."""
    frame = scan_type.get("reference_frame", "ICRS")
    if not isinstance(frame, str) or frame.upper() not in _EQUATORIAL:
        return None
    ra = _degrees(scan_type.get("ra"), 15, 0, 360)
    dec = _degrees(scan_type.get("dec"), 1, -90, 90)
    if ra is None or dec is None:
        return None
    return {"ra": [ra], "dec": [dec], "reference_time": "...", "reference_frame": frame}


def _degrees(text: Any, unit: int, lowest: int, highest: int) -> float | None:
    """Convert ``[-]d:m:s`` to degrees; ``unit`` is the size of the first part in degrees."""
    match = _ANGLE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    size = unit * (int(match[2]) + int(match[3]) / 60 + float(match[4]) / 3600)
    degrees = round(-size if match[1] == "-" else size, 10)
    return degrees if lowest <= degrees <= highest else None


def flat_scan_type_issues(scan_types: Any, at: Location) -> Iterator[Issue]:
    """Yield repeated ids, invalid directions and invalid frequencies; accepts any JSON value.

    The scan types are those of schema 0.3.
    """
    yield from repeat_issues(scan_types, "scan_type_id", at, Severity.FATAL)
    for index, scan_type in objects(scan_types):
        yield from _direction_issues(scan_type, (*at, index))
        yield from window_issues(scan_type.get("channels"), (*at, index, "channels"))


def _direction_issues(scan_type: Mapping[str, Any], at: Location) -> Iterator[Issue]:
    if "ra" in scan_type or "dec" in scan_type:
        if _phase_direction(scan_type) is None:
            fault = "has no ra in hours, dec in degrees and equatorial frame, kept as it is"
            yield Issue(at, fault, Severity.FORM)
        elif "reference_frame" not in scan_type:
            yield Issue(at, "has ra and dec without a frame, read as ICRS", Severity.FORM)


def execution_block_03(document: Mapping[str, Any]) -> Json:
    """Convert the execution block of a valid message of schema 0.3 to schema 0.4."""
    flat = ConvertedScanTypes(document["scan_types"])
    made = {key: document[key] for key in ("eb_id", "max_length") if key in document}
    made |= {"beams": [VIS0], "scan_types": flat.scan_types}
    return complete_execution_block({**made, "channels": flat.channels, "fields": flat.fields})


def processing_block_03(flat: Mapping[str, Any]) -> Json:
    """Convert a valid processing block of schema 0.3 to schema 0.4."""
    kept = {
        key: value for key, value in flat.items() if key not in ("workflow", "script", "sbi_ids")
    }
    return complete_processing_block({**kept, "script": flat["workflow"]})


def complete_execution_block(given: Mapping[str, Any]) -> Json:
    """Add the missing parts of an execution block of schema 0.4, each empty."""
    parts = ("beams", "scan_types", "channels", "polarisations", "fields")
    return {"context": {}, **{part: [] for part in parts}, **given}


def complete_processing_block(given: Mapping[str, Any]) -> Json:
    """Add the missing parts of a processing block of schema 0.4, each empty.

    The script is reduced to the key of a script in the database: kind, name and version.
    """
    script = {key: given["script"][key] for key in ("kind", "name", "version")}
    return {"parameters": {}, "dependencies": [], **given, "script": script}
