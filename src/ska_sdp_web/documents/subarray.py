"""Document of the topics ``subarray/{id}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.rows import SubarrayRow
from ska_sdp_web.documents.addresses import flatten_addresses
from ska_sdp_web.documents.graph import DeploymentsOf, eb_graph
from ska_sdp_web.documents.log import Log
from ska_sdp_web.documents.parts import allowed_commands, card
from ska_sdp_web.documents.timeline import Timeline
from ska_sdp_web.encoding import bounded

__all__ = ["subarray_document"]

MAX_LOG_ROWS = 100
"""Number of changes of the subarray and its blocks that are listed."""


def subarray_document(
    system: LiveSystem,
    row: SubarrayRow,
    timeline: Timeline,
    deployments: DeploymentsOf,
    log: Log,
    examples: Mapping[str, str],
) -> dict[str, Any]:
    """Return the document.

    Args:
        system: the live copy.
        row: row of the subarray.
        timeline: its timeline.
        deployments: finder of the deployments of its processing blocks.
        log: the last changes.
        examples: example of the message of each command that has one.
    """
    snapshot = system.snapshots[row.subarray_id]
    entry, receive_pb = snapshot.entry, snapshot.receive_pb
    addresses = receive_pb.state.get("receive_addresses") if receive_pb else None
    shown = card(row, allowed_commands(entry, row))
    for allowed in shown["allowed"]:
        allowed["example"] = examples.get(allowed["command"])
    components = {path for path in system.required(row.subarray_id) if path.endswith("/owner")}
    of_subarray = system.required(row.subarray_id) - components
    return {
        "card": shown,
        "timeline": timeline.document(),
        "graph": eb_graph(system, deployments, snapshot.eb_id),
        "receive_addresses": flatten_addresses(addresses),
        "resources": bounded(dict(entry.resources)) if entry.resources else None,
        "errors": {**entry.errors, **{each.pb_id: each.reason for each in snapshot.failures}},
        "eb": None if snapshot.eb is None else bounded(dict(snapshot.eb)),
        "log": log.of(of_subarray | {paths.subarray(row.subarray_id)}, MAX_LOG_ROWS),
    }
