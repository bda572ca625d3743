"""Documents of the topics of one object: an execution block, or an object that has a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ska_sdp_config.cli.advice import way_out_of_deployment, way_out_of_pb
from ska_sdp_config.live import values
from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.listing import listed
from ska_sdp_config.lmc.rows import SubarrayRow
from ska_sdp_config.lmc.statuses import eb_status
from ska_sdp_web.documents.graph import DeploymentsOf, href
from ska_sdp_web.documents.kinds import DEPLOYMENTS, FLOWS, PBS, Kind, row_of
from ska_sdp_web.documents.parts import class_of, fault
from ska_sdp_web.encoding import text_of

__all__ = ["eb_document", "object_document"]

MAX_LINKS = 500
"""Number of related objects that are listed."""

Document = dict[str, Any]


def object_document(
    system: LiveSystem,
    kind: Kind,
    key: str,
    deployments: DeploymentsOf,
    subarrays: Iterable[SubarrayRow],
    prefix: str,
) -> Document | None:
    """Return the document of an object that has a table, None if it does not exist.

    Args:
        system: the live copy.
        kind: its kind.
        key: its ID.
        deployments: finder of the deployments of processing blocks.
        subarrays: rows of all subarrays.
        prefix: prefix of all paths, for commands.
    """
    row = row_of(system, kind, key)
    if row is None:
        return None
    path = kind.root + key
    links: Iterable[Document] = ()
    faults: list[Document] = []
    if kind is PBS:
        links = _links_of_pb(system, key, deployments, subarrays)
        faults = _faults_of_pb(system, key, row, subarrays, prefix)
    elif kind is DEPLOYMENTS and row["status"] == "FAILED":
        faults = [_fault(row, way_out_of_deployment(key, prefix))]
    elif kind is FLOWS:
        pb_id = key.partition(":")[0]
        if paths.processing_block(pb_id) in system.texts:
            links = [_link(pb_id, "pbs", pb_id)]
    return {
        "row": row,
        "texts": _texts(system, path),
        "links": list(links)[:MAX_LINKS],
        "faults": faults,
        "owner": _owner(system, path),
    }


def eb_document(
    system: LiveSystem, eb_id: str, subarrays: Iterable[SubarrayRow]
) -> Document | None:
    """Return the document of an execution block, None if it does not exist."""
    path = paths.execution_block(eb_id)
    eb = system.document(path)
    if eb is None:
        return None
    status = eb_status(eb)
    linked = [row for row in subarrays if row.eb_id == eb_id]
    links = [_link(f"subarray {row.subarray_id}", "subarrays", row.subarray_id) for row in linked]
    links += [_link(pb_id, "pbs", pb_id) for pb_id in listed(eb).realtime]
    return {
        "row": {"id": eb_id, "status": status, "class": class_of(status)},
        "texts": _texts(system, path),
        "links": links[:MAX_LINKS],
        "faults": [fault(each) for row in linked for each in row.faults if each.way_out],
        "owner": _owner(system, path),
    }


def _links_of_pb(
    system: LiveSystem, key: str, deployments: DeploymentsOf, subarrays: Iterable[SubarrayRow]
) -> Iterator[Document]:
    eb_id = (system.document(paths.processing_block(key)) or {}).get("eb_id")
    if isinstance(eb_id, str) and eb_id:
        yield _link(eb_id, "ebs", eb_id)
        for row in subarrays:
            if row.eb_id == eb_id:
                yield _link(f"subarray {row.subarray_id}", "subarrays", row.subarray_id)
    for deployment_id in deployments.find(key):
        yield _link(deployment_id, "deployments", deployment_id)


def _faults_of_pb(
    system: LiveSystem,
    key: str,
    row: Document,
    subarrays: Iterable[SubarrayRow],
    prefix: str,
) -> list[Document]:
    """Return the causes of FAULT of its subarray, or its own failure if that is open."""
    if row["status"] != "FAILED":
        return []
    in_fault = [
        each
        for subarray in subarrays
        if subarray.eb_id is not None and subarray.eb_id == row["eb"]
        for each in subarray.faults
        if each.way_out and each.about == paths.processing_block(key)
    ]
    if in_fault:
        return [fault(each) for each in in_fault]
    is_open = system.has_open_failure(key)
    return [_fault(row, way_out_of_pb(key, prefix))] if is_open else []


def _fault(row: Document, way_out: str) -> Document:
    text = row["reason"] or f"it is {row['status']}"
    return {"text": text, "since": row["since"], "way_out": way_out, "commands": []}


def _link(text: str, kind: str, key: str) -> Document:
    return {"text": text, "href": href(kind, key)}


def _texts(system: LiveSystem, path: str) -> dict[str, str]:
    """Return the texts of an object, formatted for reading, by path."""
    found = system.get_many([path, paths.state_of(path), paths.owner_of(path)])
    return {each: values.pretty(text) for each, text in found.items() if text is not None}


def _owner(system: LiveSystem, path: str) -> str | None:
    owner = system.document(paths.owner_of(path))
    return None if owner is None else text_of(dict(owner))
