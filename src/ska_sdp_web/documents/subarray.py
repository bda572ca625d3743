"""Document of the topics ``subarray/{id}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.rows import SubarrayRow
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_web.documents.addresses import flatten_addresses
from ska_sdp_web.documents.graph import DeploymentsOf, eb_graph
from ska_sdp_web.documents.kinds import PBS
from ska_sdp_web.documents.log import Log
from ska_sdp_web.documents.parts import allowed_commands, card
from ska_sdp_web.documents.timeline import Timeline
from ska_sdp_web.encoding import encode, text_of

__all__ = ["SubarrayDocuments"]

MAX_LOG_ROWS = 100
"""Number of changes of the subarray and its blocks that are listed."""


class SubarrayDocuments:
    """Documents of the subarrays.

    Args:
        system: the live copy.
        deployments: finder of the deployments of processing blocks.
        log: the last changes.
        examples: example of the message of each command that has one.
    """

    def __init__(
        self,
        system: LiveSystem,
        deployments: DeploymentsOf,
        log: Log,
        examples: Mapping[str, str],
    ) -> None:
        self._system = system
        self._deployments = deployments
        self._log = log
        self._examples = examples
        self._drawn: dict[str, frozenset[str]] = {}
        self._addresses: dict[str, tuple[Any, msgspec.Raw]] = {}

    def drawn(self, subarray_id: str) -> frozenset[str]:
        """Return the paths of the processing blocks in the last graph of a subarray."""
        return self._drawn.get(subarray_id, frozenset())

    def document(self, row: SubarrayRow, timeline: Timeline) -> dict[str, Any]:
        """Return the document of a subarray.

        Args:
            row: row of the subarray.
            timeline: its timeline.
        """
        system, subarray_id = self._system, row.subarray_id
        snapshot = system.snapshots[subarray_id]
        entry = snapshot.entry
        shown = card(row, allowed_commands(entry, row))
        for allowed in shown["allowed"]:
            allowed["example"] = self._examples.get(allowed["command"])
        graph = eb_graph(system, self._deployments, snapshot.eb_id)
        pbs = [
            paths.processing_block(node["label"])
            for node in graph["nodes"]
            if node["kind"] == PBS.one
        ]
        self._drawn[subarray_id] = frozenset([*pbs, *map(paths.state_of, pbs)])
        required = system.required(subarray_id)
        of_subarray = {path for path in required if not path.startswith("/component/")}
        return {
            "card": shown,
            "timeline": timeline.document(),
            "graph": graph,
            "receive_addresses": self._flattened(snapshot),
            "resources": text_of(dict(entry.resources)) if entry.resources else None,
            "errors": {**entry.errors, **{each.pb_id: each.reason for each in snapshot.failures}},
            "eb": None if snapshot.eb is None else text_of(dict(snapshot.eb)),
            "log": self._log.of(of_subarray | {paths.subarray(subarray_id)}, MAX_LOG_ROWS),
        }

    def _flattened(self, snapshot: Snapshot) -> msgspec.Raw:
        """Return the receive addresses as JSON; they may have thousands of entries."""
        receive_pb = snapshot.receive_pb
        addresses = receive_pb.state.get("receive_addresses") if receive_pb else None
        kept = self._addresses.get(snapshot.subarray_id)
        # A document that has not changed is not parsed again.
        if kept is None or kept[0] is not addresses:
            kept = addresses, msgspec.Raw(encode(flatten_addresses(addresses)))
            self._addresses[snapshot.subarray_id] = kept
        return kept[1]
