"""Repository: snapshots read from transactions, and writes put into them."""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_config.config import Transaction
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.active_blocks import ActiveBlocks
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.snapshot import Snapshot, Writes, read_document, required_paths
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.system import System

__all__ = ["SystemReader", "read_controller", "read_snapshot", "write"]


def read_snapshot(
    txn: Transaction,
    subarray_id: str,
    components: Iterable[str],
    also: Iterable[str] = (),
    expected: Iterable[str] = (),
) -> Snapshot:
    """Read a subarray's snapshot.

    Paths that are not expected cost up to two more round trips: the entry names the execution
    block, and that its processing blocks.

    Args:
        txn: the transaction.
        subarray_id: the subarray.
        components: names of the components that it requires.
        also: further paths, such as those that a message would create.
        expected: paths that the snapshot probably has, such as those of the last one.

    Raises:
        ConfigConnectionError: the database does not respond.
    """
    components, also = list(components), list(also)
    read: set[str] = set()
    documents: dict[str, Json] = {}
    unreadable: set[str] = set()
    required = required_paths(subarray_id, components, documents)
    missing = [*expected, *required, *also]
    while missing:
        for path, text in txn.texts.get_many(dict.fromkeys(missing)).items():
            read.add(path)
            document, is_readable = read_document(text)
            if document is not None:
                documents[path] = document
            if not is_readable:
                unreadable.add(path)
        required = required_paths(subarray_id, components, documents)
        missing = [path for path in required if path not in read]
    used = dict.fromkeys([*required, *also])
    return Snapshot(
        txn.revision,
        subarray_id,
        {path: documents[path] for path in used if path in documents},
        tuple(path for path in used if path in unreadable),
    )


def read_controller(txn: Transaction) -> ControllerEntry:
    """Read the controller's entry for an update.

    Raises:
        CommandRejected: the entry is not a JSON object.
        ConfigConnectionError: the database does not respond.
    """
    document, readable = read_document(txn.texts.get(paths.CONTROLLER))
    if not readable:
        raise rejections.ENTRY_DAMAGED.rejection(path=paths.CONTROLLER)
    return ControllerEntry.read(document)


def write(txn: Transaction, writes: Writes | None) -> None:
    """Add writes to a transaction, None for none."""
    for path, document in (writes.documents if writes else {}).items():
        txn.texts.put(path, encode(document))


_Parsed = tuple["str | None", "Json | None", bool]
"""A text, its document, and whether it is readable."""


class SystemReader:
    """Reader of the documents that the controller's attributes depend on.

    Of the blocks it keeps those that have not ended, and reads only what has changed. Of the other
    documents, which are few, it parses one again only if its text has changed.

    Args:
        storage_path: path of the document that holds the capacity of the buffer.
        prefix: path before all paths of the system.

    Attributes:
        followed: prefixes of the paths to follow.
    """

    def __init__(self, storage_path: str, prefix: str) -> None:
        self.followed = tuple(prefix + path for path in ActiveBlocks.FOLLOWED)
        self._storage_path = storage_path
        self._prefix = prefix
        self._blocks = ActiveBlocks()
        self._known: dict[str, _Parsed] = {}

    def read(self, txn: Transaction, changed: Iterable[str] | None) -> System:
        """Read the documents.

        Args:
            txn: the transaction.
            changed: the followed paths that have changed since the last read; None for any.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        texts = txn.texts
        blocks = self._blocks
        if changed is None:
            blocks.build(
                texts.peek_values("/eb/"),
                texts.peek_values("/pb/", recurse=[1]),
                texts.peek_values("/pb/"),
            )
        else:
            blocks.update((path[len(self._prefix) :] for path in changed), texts.get_many)
        found = texts.get_many([paths.CONTROLLER, self._storage_path])
        found.update(texts.list_values("/component/", recurse=[1]))
        found.update(texts.list_values("/lmc/subarray/"))
        documents, unreadable = dict(blocks.documents), set(blocks.unreadable)
        known, self._known = self._known, {}
        for path, text in found.items():
            document, is_readable = self._parse(path, text, known)
            if document is not None:
                documents[path] = document
            if not is_readable:
                unreadable.add(path)
        self._add_ended_blocks(txn, documents, known)
        return System(txn.revision, documents, tuple(sorted(unreadable)))

    def _add_ended_blocks(
        self, txn: Transaction, documents: dict[str, Json], known: dict[str, _Parsed]
    ) -> None:
        """Add the documents of ended blocks that subarrays are linked to."""
        subarrays = [path for path in documents if path.startswith("/lmc/subarray/")]
        read: set[str] = set()
        while True:
            required = {
                path
                for subarray in subarrays
                for path in required_paths(subarray.rpartition("/")[2], (), documents)
            }
            missing = required - read - documents.keys()
            if not missing:
                return
            read |= missing
            for path, text in txn.texts.get_many(missing).items():
                document, _ = self._parse(path, text, known)
                if document is not None:
                    documents[path] = document

    def _parse(
        self, path: str, text: str | None, known: dict[str, _Parsed]
    ) -> tuple[Json | None, bool]:
        """Parse a text, or return what it was parsed to before."""
        before = known.get(path)
        if before is None or before[0] != text:
            before = (text, *read_document(text))
        self._known[path] = before
        return before[1:]
