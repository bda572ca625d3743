"""Repository: snapshots read from transactions, and writes put into them."""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_config.config import Transaction
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc import paths, rejections
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


class SystemReader:
    """Reader of the documents that the controller's attributes depend on.

    There may be tens of thousands, of which few change between two reads: a document is parsed
    again only if its text has changed. The one at ``storage_path`` holds the capacity of the
    buffer.
    """

    def __init__(self, storage_path: str) -> None:
        self._storage_path = storage_path
        self._known: dict[str, tuple[str, Json, bool]] = {}

    def read(self, txn: Transaction) -> System:
        """Read all documents.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        single = txn.texts.get_many([paths.CONTROLLER, self._storage_path])
        found = [(path, text) for path, text in single.items() if text is not None]
        # Owners of components, subarrays, execution blocks, processing blocks with their states.
        found += txn.texts.list_values("/component/", recurse=[1])
        found += txn.texts.list_values("/lmc/subarray/")
        found += txn.texts.list_values("/eb/")
        found += txn.texts.list_values("/pb/", recurse=1)
        self._known = {path: self._parse(path, text) for path, text in found}
        return System(
            txn.revision,
            {path: document for path, (_, document, _) in self._known.items()},
            tuple(path for path, (_, _, readable) in self._known.items() if not readable),
        )

    def _parse(self, path: str, text: str) -> tuple[str, Json, bool]:
        known = self._known.get(path)
        if known is not None and known[0] == text:
            return known
        document, readable = read_document(text)
        return text, document or {}, readable
