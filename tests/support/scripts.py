"""Messages of an observation without a simulator, and the writes of its scripts."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config import Config

ADDRESSES = {
    "science": {
        "vis0": {"function": "visibilities", "host": [[0, "node-0"]], "port": [[0, 9000, 1]]}
    }
}
ARGUMENTS = {
    "ReleaseResources": '{"resources": {"receptors": ["SKA001"]}}',
    "Configure": '{"scan_type": "science"}',
    "Scan": '{"scan_id": 1}',
}
"""Arguments of commands; ``assignment`` makes those of AssignResources."""

_INTERFACE = "https://schema.skao.int/ska-sdp-assignres/0.4"

_numbers = itertools.count()


def new_id(kind: str) -> str:
    """Return an unused ID of a kind, ``eb`` or ``pb``."""
    return f"{kind}-e2e-20260131-{next(_numbers):05}"


def _blocks(blocks: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "pb_id": pb_id,
            "script": {"kind": kind, "name": name, "version": "1.0.0"},
            "parameters": {},
        }
        for pb_id, (kind, name) in blocks.items()
    ]


def assignment(
    eb_id: str, blocks: dict[str, tuple[str, str]], receptors: tuple[str, ...] = ("SKA001",)
) -> str:
    """Return an argument of AssignResources; the blocks have kind and name of their script."""
    message = {
        "interface": _INTERFACE,
        "resources": {"receptors": list(receptors)},
        "execution_block": {
            "eb_id": eb_id,
            "max_length": 60.0,
            "beams": [{"beam_id": "vis0", "function": "visibilities"}],
            "scan_types": [{"scan_type_id": "science", "beams": {"vis0": {}}}],
            "channels": [],
        },
        "processing_blocks": _blocks(blocks),
    }
    return json.dumps(message)


def more_blocks(blocks: dict[str, tuple[str, str]]) -> str:
    """Return an argument of AssignResources that adds processing blocks only."""
    return json.dumps({"interface": _INTERFACE, "processing_blocks": _blocks(blocks)})


def write_state(config: Config, pb_id: str, **state: Any) -> None:
    """Set keys in a processing block's state, as its script does."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    change(config, f"/pb/{pb_id}/state", **state, last_updated=now)


def name_receiver(config: Config, eb_id: str, pb_id: str) -> None:
    """Link the block with the receive addresses in the execution block, as its script does."""
    change(config, f"/eb/{eb_id}", pb_receive_addresses=pb_id)


def change(config: Config, path: str, **fields: Any) -> None:
    """Set fields of a document; create it if it does not exist."""
    for txn in config.txn():
        text = txn.get(path)
        if text is None:
            txn.create(path, json.dumps(fields))
        else:
            txn.update(path, json.dumps({**json.loads(text), **fields}))


def entry(config: Config, subarray_id: str = "01") -> dict[str, Any]:
    text = None
    for txn in config.txn():
        text = txn.get(f"/lmc/subarray/{subarray_id}")
    found: dict[str, Any] = json.loads(text or "{}")
    return found
