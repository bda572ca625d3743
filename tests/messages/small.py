"""Small messages for tests, and changes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_lmc.messages import (
    AssignResources,
    Json,
    MessageError,
    Parsed,
    parse_assign_resources,
    parse_configure,
    parse_release_resources,
    parse_scan,
)

Parse = Callable[..., Parsed[Any]]

PARSERS: dict[str, Parse] = {
    "assignres": parse_assign_resources,
    "configure": parse_configure,
    "releaseres": parse_release_resources,
    "scan": parse_scan,
}

WINDOW = {"count": 60, "start": 12, "freq_min": 1.0e8, "freq_max": 2e8, "link_map": [[12, 3]]}

ASSIGN_04: dict[str, Any] = {
    "interface": "https://schema.skao.int/ska-sdp-assignres/0.4",
    "transaction_id": "txn-unit-20260301-7",
    "execution_block": {
        "eb_id": "eb-unit-20260301-00001",
        "max_length": 60,
        "context": {"note": "small"},
        "beams": [
            {"beam_id": "sky", "function": "visibilities"},
            {"beam_id": "pulses", "function": "pulsar timing", "timing_beam_id": 4},
        ],
        "scan_types": [
            {
                "scan_type_id": ".base",
                "beams": {"sky": {"channels_id": "wide", "polarisations_id": "both"}},
            },
            {
                "scan_type_id": "look",
                "derive_from": ".base",
                "beams": {"sky": {"field_id": "spot"}},
            },
        ],
        "channels": [
            {
                "channels_id": "wide",
                "spectral_windows": [{"spectral_window_id": "w", **WINDOW}],
            }
        ],
        "polarisations": [{"polarisations_id": "both", "corr_type": ["XX", "YY"]}],
        "fields": [
            {
                "field_id": "spot",
                "phase_dir": {
                    "ra": [12],
                    "dec": [-4.5],
                    "reference_time": "...",
                    "reference_frame": "ICRF3",
                },
            }
        ],
    },
    "processing_blocks": [
        {
            "pb_id": "pb-unit-20260301-00001",
            "script": {"kind": "realtime", "name": "unit-receive", "version": "1.0.0"},
        },
        {
            "pb_id": "pb-unit-20260301-00002",
            "script": {"kind": "batch", "name": "unit-image", "version": "1.0.0"},
            "sbi_ids": ["sbi-unit-20260301-00001"],
            "parameters": {"size": 512},
            "dependencies": [{"pb_id": "pb-unit-20260301-00001", "kind": ["visibilities"]}],
        },
    ],
    "resources": {"csp_links": [1, 2, 2], "receptors": ["A", "B", "A"], "receive_nodes": 2},
}

ASSIGN_02: dict[str, Any] = {
    "interface": "https://schema.skatelescope.org/ska-sdp-assignres/0.2",
    "id": "eb-unit-20260301-00002",
    "max_length": 60.0,
    "scan_types": [
        {
            "id": "look",
            "coordinate_system": "ICRS",
            "ra": "01:00:00.0",
            "dec": "-00:30:00.0",
            "channels": [WINDOW, {**WINDOW, "start": 400, "stride": 2}],
        },
        {"id": "drift", "channels": [WINDOW, {**WINDOW, "start": 400, "stride": 2}]},
    ],
    "processing_blocks": [
        {
            "id": "pb-unit-20260301-00003",
            "workflow": {"type": "realtime", "id": "unit_receive", "version": "0.1.0"},
            "parameters": {},
        },
        {
            "id": "pb-unit-20260301-00004",
            "workflow": {"type": "batch", "id": "unit_image", "version": "0.1.0"},
            "parameters": {"size": 512},
            "dependencies": [{"pb_id": "pb-unit-20260301-00003", "type": ["visibilities"]}],
        },
    ],
}

REMOVE: Any = object()
"""Value for `changed` that removes the key."""


def block_of(message: AssignResources) -> Json:
    """Return the execution block of a message, which must have one."""
    assert message.execution_block is not None
    return message.execution_block


def faults_of(parse: Callable[..., Any], text: str, *strictness: int) -> tuple[str, ...]:
    """Return the faults of a message, which must be rejected."""
    with pytest.raises(MessageError) as rejected:
        parse(text, *strictness)
    return rejected.value.faults


def changed(message: dict[str, Any], *path: int | str, to: Any) -> str:
    """Return a message's text with one value changed, added or removed."""
    result: Any = json.loads(json.dumps(message))
    place = result
    for step in path[:-1]:
        place = place[step]
    if to is REMOVE:
        del place[path[-1]]
    elif isinstance(place, list) and path[-1] == len(place):
        place.append(to)
    else:
        place[path[-1]] = to
    return json.dumps(result)
