"""Graph of an execution block: its processing blocks, what they wait for, their deployments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.listing import listed
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.statuses import eb_status
from ska_sdp_web.documents.kinds import DEPLOYMENTS, PBS, Kind, row_of
from ska_sdp_web.documents.parts import class_of

__all__ = ["MAX_NODES", "DeploymentsOf", "eb_graph", "href"]

_Nodes = dict[str, dict[str, Any]]

MAX_PATTERNS = 1000

MAX_NODES = 500
"""Number of nodes that the page draws."""


class DeploymentsOf:
    """Finder of the deployments of processing blocks, which keeps its last results.

    Args:
        system: the live copy.
    """

    def __init__(self, system: LiveSystem) -> None:
        self._system = system
        self._ids: set[str] = set()
        self._found: dict[str, set[str]] = {}

    def replace(self) -> None:
        """Find all deployments again."""
        self._ids = {DEPLOYMENTS.key_of(path) for path in self._system.texts} - {""}
        self._found.clear()

    def update(self, changed: Iterable[str]) -> None:
        """Apply changed paths."""
        for key in {DEPLOYMENTS.key_of(path) for path in changed} - {""}:
            exists = DEPLOYMENTS.root + key in self._system.texts
            if exists != (key in self._ids):
                (self._ids.add if exists else self._ids.discard)(key)
                for pb_id, found in self._found.items():
                    if exists and _pattern(pb_id).search(key):
                        found.add(key)
                    elif not exists:
                        found.discard(key)

    def find(self, pb_id: str) -> tuple[str, ...]:
        """Return the IDs of the deployments of a processing block, sorted.

        The ID of a deployment that a script makes contains the ID of the processing block; the
        state of the block may name others.
        """
        if pb_id not in self._found:
            if len(self._found) >= MAX_PATTERNS:
                self._found.clear()
            has_id = _pattern(pb_id)
            self._found[pb_id] = {each for each in self._ids if has_id.search(each)}
        state = self._system.document(paths.state_of(paths.processing_block(pb_id))) or {}
        named = state.get("deployments")
        others = [each for each in named if each in self._ids] if isinstance(named, dict) else []
        return tuple(dict.fromkeys([*sorted(self._found[pb_id]), *others]))


@lru_cache(MAX_PATTERNS)
def _pattern(pb_id: str) -> re.Pattern[str]:
    """Return the pattern of the IDs that contain another one as a whole."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(pb_id)}(?![A-Za-z0-9])")


def href(kind: str, key: str) -> str:
    """Return the address of an object in the page."""
    return f"/{kind}/{quote(key, safe='', errors='replace')}"


def eb_graph(
    system: LiveSystem, deployments: DeploymentsOf, eb_id: str | None
) -> dict[str, list[dict[str, Any]]]:
    """Return the nodes and edges of an execution block, none without one.

    An edge goes from the block that is waited for to the one that waits, and from a processing
    block to its deployments.
    """
    if eb_id is None:
        return {"nodes": [], "edges": []}
    eb = system.document(paths.execution_block(eb_id))
    status = "missing" if eb is None else eb_status(eb)
    nodes: _Nodes = {}
    edges: list[dict[str, Any]] = []
    _add_node(nodes, "eb", eb_id, status, href("ebs", eb_id), "")
    realtime = listed(eb or {}).realtime
    for pb_id, is_realtime in realtime.items():
        document = system.document(paths.processing_block(pb_id))
        _add_object(nodes, system, PBS, pb_id)
        needed = _dependencies(document or {})
        if not any(other in realtime for other in needed):
            label = "real-time" if is_realtime else "batch"
            edges.append({"from": f"eb {eb_id}", "to": f"pb {pb_id}", "label": label})
        for other, label in needed.items():
            _add_object(nodes, system, PBS, other)
            edges.append({"from": f"pb {other}", "to": f"pb {pb_id}", "label": label})
        for deployment_id in deployments.find(pb_id):
            _add_object(nodes, system, DEPLOYMENTS, deployment_id)
            edge = {"from": f"pb {pb_id}", "to": f"deployment {deployment_id}", "label": ""}
            edges.append(edge)
    kept = [edge for edge in edges if edge["from"] in nodes and edge["to"] in nodes]
    return {"nodes": list(nodes.values()), "edges": kept}


def _add_object(
    nodes: dict[str, dict[str, Any]], system: LiveSystem, kind: Kind, key: str
) -> None:
    row = row_of(system, kind, key) or {"status": "missing", "reason": ""}
    _add_node(nodes, kind.one, key, row["status"], href(kind.topic, key), row["reason"])


def _add_node(nodes: _Nodes, kind: str, key: str, status: str, link: str, detail: str) -> None:
    node_id = f"{kind} {key}"
    if node_id in nodes or len(nodes) >= MAX_NODES:
        return
    nodes[node_id] = {
        "id": node_id,
        "kind": kind,
        "label": key,
        "status": status,
        "class": class_of(status),
        "href": link,
        "detail": detail,
    }


def _dependencies(document: Json) -> dict[str, str]:
    """Return what a processing block waits for: the kinds of data by the ID of the other block."""
    found: dict[str, str] = {}
    given = document.get("dependencies")
    for each in given if isinstance(given, list) else []:
        pb_id = each.get("pb_id") if isinstance(each, dict) else None
        if is_id(pb_id):
            kinds = each.get("kind")
            texts = map(str, kinds) if isinstance(kinds, list) else [str(kinds or "")]
            found[pb_id] = ", ".join(texts)
    return found
