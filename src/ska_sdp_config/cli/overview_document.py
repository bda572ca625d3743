"""Overview of the whole system as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from ska_sdp_config.cli.advice import way_out_of_block
from ska_sdp_config.cli.database_status import DatabaseStatus
from ska_sdp_config.lmc.block_index import Row
from ska_sdp_config.lmc.overview import Blocks, Overview
from ska_sdp_config.lmc.rows import causes_of_fault
from ska_sdp_config.lmc.times import iso

__all__ = ["overview_document"]


def overview_document(
    overview: Overview, database: DatabaseStatus, now: datetime, prefix: str = ""
) -> dict[str, Any]:
    """Return the document of ``ska-sdp status -o json``; times are ISO 8601, UTC."""
    causes = causes_of_fault(overview.subarrays)
    return {
        "time": iso(now),
        "revision": overview.revision,
        "is_failed": overview.is_failed or database.is_failed,
        "controller": _plain(overview.controller),
        "database": {
            "address": database.address,
            "health": database.health.name,
            "latency_ms": round(database.latency_s * 1e3, 3),
            "faults": database.faults,
            "members": [
                {
                    "endpoint": each.endpoint,
                    "fault": each.fault,
                    "version": each.version,
                    "size": each.size,
                    "alarms": list(each.alarms),
                }
                for each in database.members
            ],
        },
        "missing_components": list(overview.missing),
        "subarrays": _plain(overview.subarrays),
        "processing_blocks": _blocks(overview.pbs, prefix, causes),
        "deployments": _blocks(overview.deployments, prefix, causes),
        "commands": _plain(overview.commands),
    }


def _blocks(blocks: Blocks, prefix: str, causes: frozenset[str]) -> dict[str, Any]:
    return {
        "counts": dict(sorted(blocks.counts.items())),
        "waiting": [_block(row, "") for row in blocks.waiting],
        "failed": [_block(row, way_out_of_block(row, prefix, causes)) for row in blocks.failed],
    }


def _block(row: Row, way_out: str) -> dict[str, Any]:
    """Return the fields that every block has: those that wait are read without documents."""
    return {
        "id": row[0],
        "status": row.status,
        "reason": row.reason,
        "last_updated": _plain(row.last_updated),
        "way_out": way_out,
    }


def _plain(value: Any) -> Any:
    """Return the JSON form of a row, of rows, or of a value in them."""
    if hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.name if isinstance(value, Enum) else value
