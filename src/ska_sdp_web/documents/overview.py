"""Document of the topic ``overview``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.block_index import BlockIndex, Row, index_of_deployments, index_of_pbs
from ska_sdp_config.lmc.overview import (
    Blocks,
    Overview,
    expected_components,
    is_open_failure,
    sort_blocks,
)
from ska_sdp_config.lmc.rows import PbRow, pb_row
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_web.documents.parts import allowed_commands, card, class_of, command, faults
from ska_sdp_web.encoding import when

__all__ = ["Counts", "overview_document"]

MAX_ROWS = 10
"""Number of blocks that wait, and of those that failed, that are listed."""


class _Failure(NamedTuple):
    """A failed processing block, and what its row was derived from."""

    pb: str | None
    eb_path: str
    eb: str | None
    is_acknowledged: bool
    row: Row
    is_open: bool


class Counts:
    """Status of all processing blocks and deployments, updated with each change.

    Args:
        system: the live copy.
    """

    def __init__(self, system: LiveSystem) -> None:
        self._system = system
        self._pbs, self._deployments = index_of_pbs(), index_of_deployments()
        self._failures: dict[str, tuple[Row, _Failure]] = {}

    def replace(self) -> None:
        """Read all statuses again."""
        for index in (self._pbs, self._deployments):
            root, texts = index.root, self._system.texts
            below = [path for path in texts if path.startswith(root)]
            objects = [path for path in below if "/" not in path[len(root) :]]
            index.build(objects, ((path, texts[path]) for path in below))
        self._failures.clear()

    def update(self, changed: Iterable[str]) -> None:
        """Read the statuses again that depend on changed paths."""
        for index in (self._pbs, self._deployments):
            index.update(changed, self._system.get_many)

    def pbs(self) -> Blocks:
        """Return the processing blocks; of the failed ones those whose failure is open."""
        return sort_blocks(self._pbs.counts, self._open_pbs(self._pbs))

    def deployments(self) -> Blocks:
        """Return the deployments."""
        return sort_blocks(self._deployments.counts, self._deployments.rows.values())

    def _open_pbs(self, index: BlockIndex) -> Iterator[Row]:
        acknowledged = {
            pb_id
            for snapshot in self._system.snapshots.values()
            for pb_id in snapshot.entry.acknowledged
        }
        kept = self._failures
        self._failures = {}
        for pb_id, row in index.rows.items():
            if row.status != "FAILED":
                yield row
                continue
            before = kept.get(pb_id)
            failure = before[1] if before is not None and before[0] is row else None
            texts = self._system.texts
            pb = texts.get(paths.processing_block(pb_id))
            is_known = failure is not None and (
                failure.pb is pb
                and failure.eb is texts.get(failure.eb_path)
                and failure.is_acknowledged == (pb_id in acknowledged)
            )
            if failure is None or not is_known:
                failure = self._read_failure(pb_id, row, pb, pb_id in acknowledged)
            self._failures[pb_id] = row, failure
            if failure.is_open:
                yield failure.row

    def _read_failure(
        self, pb_id: str, row: Row, text: str | None, is_acknowledged: bool
    ) -> _Failure:
        pb = read_document(text)[0]
        eb_path = paths.execution_block(str((pb or {}).get("eb_id")))
        eb = self._system.texts.get(eb_path)
        whole = pb_row(pb_id, pb, None)._replace(
            status=row.status, reason=row.reason, last_updated=row.last_updated
        )
        is_open = is_open_failure(pb, read_document(eb)[0], is_acknowledged=is_acknowledged)
        return _Failure(text, eb_path, eb, is_acknowledged, whole, is_open)


def overview_document(
    system: LiveSystem, overview: Overview, counts: Counts, address: str
) -> dict[str, Any]:
    """Return the document.

    Args:
        system: the live copy.
        overview: its overview.
        counts: the statuses of its blocks.
        address: address of the database.
    """
    controller = overview.controller
    of_controller = [row for row in overview.commands if row.device == "controller"]
    return {
        "database": {"address": address},
        "controller": {
            "state": controller.state.name,
            "health": controller.health.name,
            "is_online": controller.is_online,
            "faults": faults(controller.faults),
            "last_command": command(of_controller[0]) if of_controller else None,
        },
        "components": _components(system, overview),
        "subarrays": [
            card(row, allowed_commands(system.snapshots[row.subarray_id].entry, row))
            for row in overview.subarrays
        ],
        "pbs": _blocks(counts.pbs(), system),
        "deployments": _blocks(counts.deployments(), system),
        "commands": [command(row) for row in overview.commands],
    }


def _components(system: LiveSystem, overview: Overview) -> list[dict[str, Any]]:
    online = system.components
    expected = {*expected_components(system.snapshots.values()), *overview.missing}
    # A device of this system is expected also while it is alive.
    expected.update(name for name in online if name.startswith("lmc-"))
    return [
        {"name": name, "is_online": name in online, "is_expected": name in expected}
        for name in sorted(expected.union(online))
    ]


def _blocks(blocks: Blocks, system: LiveSystem) -> dict[str, Any]:
    return {
        "counts": dict(sorted(blocks.counts.items())),
        "classes": {status: class_of(status) for status in blocks.counts},
        "waiting": [_row(row, system) for row in blocks.waiting[:MAX_ROWS]],
        "waiting_total": len(blocks.waiting),
        "failed": [_row(row, system) for row in blocks.failed[:MAX_ROWS]],
        "failed_total": len(blocks.failed),
    }


def _row(row: Row, system: LiveSystem) -> dict[str, Any]:
    eb_id = ""
    if isinstance(row, PbRow):
        pb = system.document(paths.processing_block(row.pb_id))
        eb_id = pb_row(row.pb_id, pb, None).eb_id or ""
    return {
        "id": row[0],
        "status": row.status,
        "class": class_of(row.status),
        "since": when(row.last_updated),
        "reason": row.reason,
        "eb": eb_id,
    }
