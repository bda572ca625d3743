"""Index of the status of all processing blocks, or of all deployments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from ska_sdp_config.lmc.rows import DeploymentRow, PbRow, deployment_row, pb_row
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.states import Json

__all__ = ["BlockIndex", "index_of_deployments", "index_of_pbs"]

Row = PbRow | DeploymentRow
MakeRow = Callable[[str, "Json | None", "Json | None"], Row]

_QUIET = ("FINISHED", "CANCELLED")
"""Statuses of which only the number is of interest."""


class _Head(msgspec.Struct):
    """Fields of a state that decide whether it is quiet; the others are skipped, which is fast."""

    status: Any = None
    pods: Any = None


_HEAD_DECODER = msgspec.json.Decoder(_Head)


class BlockIndex:
    """Status of each block, and the rows of those that have not ended well.

    There may be tens of thousands of ended blocks, of which only the status is kept.

    Args:
        root: directory of the blocks, such as ``/pb/``.
        make_row: makes the row of a block from its ID, its document and its state.

    Attributes:
        rows: rows of the blocks that are neither FINISHED nor CANCELLED, by ID. They are made
            without the documents of the blocks, which are not read.
    """

    def __init__(self, root: str, make_row: MakeRow) -> None:
        self.root = root
        self.rows: dict[str, Row] = {}
        self._make_row = make_row
        self._statuses: dict[str, str] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of blocks by status."""
        return Counter(self._statuses.values())

    def build(self, paths: Iterable[str], states: Iterable[tuple[str, str]]) -> None:
        """Build the index from the paths of all blocks, and the texts below them with their paths.

        The texts are read once; none is kept.
        """
        self._statuses.clear()
        self.rows.clear()
        # Other programs may write a key whose path ends with the slash of the root.
        ids = {path[len(self.root) :] for path in paths} - {""}
        stateless = set(ids)
        for path, text in states:
            block_id, _, leaf = path[len(self.root) :].partition("/")
            if leaf == "state" and block_id in ids:
                stateless.discard(block_id)
                self._put(block_id, text)
        for block_id in sorted(stateless):
            self._put(block_id, None)

    def update(
        self, changed: Iterable[str], read: Callable[[Iterable[str]], Mapping[str, str | None]]
    ) -> None:
        """Update the index after changes.

        Args:
            changed: the paths that have changed; those of others are ignored.
            read: returns the texts at paths, None where there is none.
        """
        ids = {
            path[len(self.root) :].partition("/")[0]
            for path in changed
            if path.startswith(self.root)
        } - {""}
        texts = read([f"{self.root}{each}{leaf}" for each in ids for leaf in ("", "/state")])
        for block_id in sorted(ids):
            if texts[f"{self.root}{block_id}"] is None:
                self._statuses.pop(block_id, None)
                self.rows.pop(block_id, None)
            else:
                self._put(block_id, texts[f"{self.root}{block_id}/state"])

    def _put(self, block_id: str, text: str | None) -> None:
        self.rows.pop(block_id, None)
        status = _quiet_status(text)
        if status is None:
            row = self._make_row(block_id, None, read_document(text)[0])
            status = row.status
            if status not in _QUIET:
                self.rows[block_id] = row
        self._statuses[block_id] = status


def _quiet_status(text: str | None) -> str | None:
    """Return the status of a block that has ended well, None if its state has to be parsed."""
    if text is None:
        return None
    try:
        head = _HEAD_DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    if head.pods is not None:
        return None
    # The constants, so that tens of thousands of blocks share one text.
    return next((each for each in _QUIET if each == head.status), None)


def index_of_pbs() -> BlockIndex:
    """Return an empty index of processing blocks."""
    return BlockIndex("/pb/", pb_row)


def index_of_deployments() -> BlockIndex:
    """Return an empty index of deployments."""
    return BlockIndex("/deploy/", deployment_row)
