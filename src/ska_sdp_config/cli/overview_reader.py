"""Reader of the overview of the whole system, at one revision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.active_blocks import ActiveBlocks
from ska_sdp_config.lmc.block_index import BlockIndex, Row, index_of_deployments, index_of_pbs
from ska_sdp_config.lmc.observe import read_snapshot
from ska_sdp_config.lmc.overview import Overview, is_open_failure, make_overview, sort_blocks
from ska_sdp_config.lmc.rows import pb_row
from ska_sdp_config.lmc.snapshot import Snapshot, read_document
from ska_sdp_config.lmc.states import Json

if TYPE_CHECKING:
    from ska_sdp_config.engine.transaction import Txn

__all__ = ["OverviewReader", "read_snapshots"]

SUBARRAYS = "/lmc/subarray/"


class OverviewReader:
    """Reader of the overview, which reads again only the blocks that have changed.

    Args:
        prefix: path before all paths of the system.

    Attributes:
        followed: prefixes of the paths to follow.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._pbs, self._deployments = index_of_pbs(), index_of_deployments()
        # Of these only the unreadable texts are of interest, which the controller reports.
        self._blocks = ActiveBlocks()
        self.followed = [
            prefix + each for each in (*ActiveBlocks.FOLLOWED, self._deployments.root)
        ]

    def read(self, txn: Txn, changed: Iterable[str] | None = None) -> Overview:
        """Read the overview.

        Args:
            txn: the transaction.
            changed: the followed paths that have changed since the last read; None for any.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        texts = _Texts(txn, self._prefix)
        if changed is None:
            for index in (self._pbs, self._deployments):
                index.build(texts.peek_keys(index.root), texts.peek_values(index.root, 1))
            self._blocks.build(
                texts.peek_values("/eb/"), texts.peek_values("/pb/", 1), texts.peek_values("/pb/")
            )
        else:
            relative = [path[len(self._prefix) :] for path in changed]
            for each in (self._pbs, self._deployments, self._blocks):
                each.update(relative, texts.get_many)
        snapshots = read_snapshots(txn, self._prefix)
        found = texts.get_many([paths.CONTROLLER])
        found.update(texts.list_values("/component/", [1]))
        documents: dict[str, Json] = {}
        unreadable = set(self._blocks.unreadable)
        for path, text in found.items():
            document, is_readable = read_document(text)
            if document is not None:
                documents[path] = document
            if not is_readable:
                unreadable.add(path)
        # Of a snapshot only its entry: the controller does not report other documents.
        unreadable.update(
            each.entry_path for each in snapshots if each.is_damaged(each.entry_path)
        )
        acknowledged = {each for snapshot in snapshots for each in snapshot.entry.acknowledged}
        return make_overview(
            txn.revision,
            documents,
            tuple(sorted(unreadable)),
            snapshots,
            sort_blocks(self._pbs.counts, _with_documents(self._pbs, texts, acknowledged)),
            sort_blocks(self._deployments.counts, self._deployments.rows.values()),
        )


def read_snapshots(txn: Txn, prefix: str) -> list[Snapshot]:
    """Read the snapshots of all subarrays.

    Args:
        txn: the transaction.
        prefix: path before all paths of the system.

    Raises:
        ConfigConnectionError: the database does not respond.
    """
    texts = _Texts(txn, prefix)
    return [
        read_snapshot(path[len(SUBARRAYS) :], txn.revision, texts.get_many)
        for path, _ in texts.list_values(SUBARRAYS)
        if path != SUBARRAYS
    ]


def _with_documents(index: BlockIndex, texts: _Texts, acknowledged: set[str]) -> Iterator[Row]:
    """Yield the rows, those of failed blocks with their documents if the failure is open."""
    failed = [block_id for block_id, row in index.rows.items() if row.status == "FAILED"]
    pbs = texts.documents(map(paths.processing_block, failed))
    eb_ids = {str(pb["eb_id"]) for pb in pbs.values() if pb.get("eb_id")}
    ebs = texts.documents(map(paths.execution_block, eb_ids))
    for block_id, row in index.rows.items():
        if row.status != "FAILED":
            yield row
            continue
        pb = pbs.get(paths.processing_block(block_id))
        eb = ebs.get(paths.execution_block(str((pb or {}).get("eb_id"))))
        if is_open_failure(pb, eb, is_acknowledged=block_id in acknowledged):
            of_document = pb_row(block_id, pb, None)
            yield of_document._replace(
                status=row.status, reason=row.reason, last_updated=row.last_updated
            )


class _Texts:
    """Texts at paths below a prefix."""

    def __init__(self, txn: Txn, prefix: str) -> None:
        self._txn = txn
        self._prefix = prefix

    def get_many(self, wanted: Iterable[str]) -> dict[str, str | None]:
        found = self._txn.get_many(self._prefix + path for path in wanted)
        return {self._strip(path): text for path, text in found.items()}

    def documents(self, wanted: Iterable[str]) -> Mapping[str, Json]:
        """Return the documents at valid paths that exist."""
        found = self.get_many(path for path in wanted if not path.endswith("/"))
        read = {path: read_document(text)[0] for path, text in found.items()}
        return {path: document for path, document in read.items() if document is not None}

    def list_values(self, path: str, levels: Iterable[int] = (0,)) -> list[tuple[str, str]]:
        found = self._txn.list_values(self._prefix + path, levels)
        return [(self._strip(each), text) for each, text in found]

    def peek_keys(self, path: str) -> list[str]:
        return [self._strip(each) for each in self._txn.peek_keys(self._prefix + path)]

    def peek_values(self, path: str, level: int = 0) -> Iterator[tuple[str, str]]:
        found = self._txn.peek_values(self._prefix + path, [level])
        return ((self._strip(each), text) for each, text in found)

    def _strip(self, path: str) -> str:
        return path[len(self._prefix) :]
