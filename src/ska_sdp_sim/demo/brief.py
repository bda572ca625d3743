"""Short forms of attribute values."""

from __future__ import annotations

import json
from typing import Any

from ska_sdp_sim.demo.event import Value

_MAX_WIDTH = 44
"""The rest of a line of 80 columns, see ``show``."""


def brief(attribute: str, value: Value, before: Value = None) -> str:
    """Shorten a value to one line; of pbState, leave out parts as in the previous value."""
    if value is None:
        return "(no value)"
    text = str(value)
    if attribute == "receiveAddresses":
        text = _addresses(text)
    elif attribute == "pbState":
        text = _processing(text, "{}" if before is None else str(before))
    return text if len(text) <= _MAX_WIDTH else f"{text[: _MAX_WIDTH - 1]}…"


def short_id(pb_id: str) -> str:
    """Return the end of a processing block's ID, unique in its execution block."""
    return pb_id[-5:]


def _addresses(text: str) -> str:
    beams = [
        beam
        for scan_type in json.loads(text).values()
        if isinstance(scan_type, dict)
        for beam in scan_type.values()
    ]
    if not beams:
        return text
    hosts = {host for beam in beams for _, host in beam.get("host", ())}
    return f"{len(beams)} beams, {len(hosts)} hosts, {len(text)} characters"


def _processing(text: str, before: str) -> str:
    blocks, earlier = json.loads(text), json.loads(before)
    changed = [
        f"{short_id(pb_id)} {_block(block)}"
        for pb_id, block in blocks.items()
        if block != earlier.get(pb_id)
    ]
    return "; ".join(changed) or text


def _block(block: dict[str, Any]) -> str:
    words = [str(block.get("status"))]
    if block.get("resources_available"):
        words.append("resources")
    words += {f"deployment {status}" for status in (block.get("deployments") or {}).values()}
    return ", ".join(words)
