"""Externally managed resources: merging and subtracting."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.lmc import rejections
from ska_sdp_config.lmc.states import Json
from ska_sdp_lmc.commands.documents import read_list
from ska_sdp_lmc.messages.internal import Resources

__all__ = ["merge", "subtract"]

_SETS = ("receptors", "csp_links")
_NAMES = (*_SETS, "receive_nodes")


def merge(assigned: Json, more: Resources) -> Json:
    """Add resources to the assigned ones.

    Returns:
        The union of names and links in the order of assignment, and the sum of nodes.
    """
    merged = {**assigned, **more.extra}
    for name in _SETS:
        members = [*_members(assigned, name), *(getattr(more, name) or ())]
        merged[name] = list(dict.fromkeys(members))
    merged["receive_nodes"] = _nodes(assigned) + (more.receive_nodes or 0)
    return _without_empty(merged)


def subtract(assigned: Json, less: Resources) -> Json:
    """Remove resources that a message releases from the assigned ones.

    Raises:
        CommandRejected: some resources are not assigned; names each.
    """
    missing: list[str] = []
    remaining = dict(assigned)
    for name in _SETS:
        present = _members(assigned, name)
        released = getattr(less, name) or ()
        unknown = [str(member) for member in released if member not in present]
        if unknown:
            missing.append(f"{name} {', '.join(unknown)}")
        remaining[name] = [member for member in present if member not in released]
    nodes = _nodes(assigned)
    released_nodes = less.receive_nodes or 0
    if released_nodes > nodes:
        missing.append(f"receive_nodes {released_nodes} of {nodes}")
    remaining["receive_nodes"] = nodes - released_nodes
    if missing:
        raise rejections.NOT_ASSIGNED.rejection(missing="; ".join(missing))
    kept = _without_empty(remaining)
    # A key outside the schema is not a resource: keep it only while a resource remains.
    return kept if any(name in kept for name in _NAMES) else {}


def _members(resources: Json, name: str) -> list[Any]:
    return [member for member in read_list(resources, name) if isinstance(member, str | int)]


def _nodes(resources: Json) -> int:
    nodes = resources.get("receive_nodes")
    return nodes if isinstance(nodes, int) and not isinstance(nodes, bool) else 0


def _without_empty(resources: Json) -> Json:
    return {name: value for name, value in resources.items() if value or name not in _NAMES}
