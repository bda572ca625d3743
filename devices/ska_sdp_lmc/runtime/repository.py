"""Repository: snapshots read from transactions, and writes put into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ska_sdp_config.config import Transaction
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.active_blocks import ActiveBlocks
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.listing import with_state
from ska_sdp_config.lmc.snapshot import Snapshot, Writes, read_document, required_paths
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.storage import storage_path
from ska_sdp_config.lmc.system import System
from ska_sdp_config.operations.texts import Texts

__all__ = ["SnapshotReader", "SystemReader", "read_controller", "write"]


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


class _Parsed(NamedTuple):
    """Stored text and its parsed document; see ``read_document``."""

    text: str | None
    document: Json | None
    is_readable: bool


def _parse(text: str | None, known: _Parsed | None) -> _Parsed:
    """Parse a text; reuse the known result if the text is unchanged."""
    if known is not None and known.text == text:
        return known
    return _Parsed(text, *read_document(text))


class SnapshotReader:
    """Reader of the snapshots of a subarray, for its commands and its watch loop.

    Paths that are not expected cost up to two more round trips: the entry names the execution
    block, and that its processing blocks. A document is parsed again only if its text has changed.

    Args:
        subarray_id: the subarray.
        components: names of the components that it requires.

    Attributes:
        expected: paths that the next snapshot probably has, by default those of the last one.
    """

    def __init__(self, subarray_id: str, components: Iterable[str]) -> None:
        self.expected: Sequence[str] = ()
        self._subarray_id = subarray_id
        self._components = list(components)
        self._known: dict[str, _Parsed] = {}

    def read(self, txn: Transaction, also: Iterable[str] = ()) -> Snapshot:
        """Read a snapshot.

        Args:
            txn: the transaction.
            also: further paths, such as those that a message would create.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        also = list(also)
        parsed: dict[str, _Parsed] = {}
        documents: dict[str, Json] = {}
        required = required_paths(self._subarray_id, self._components, documents)
        missing = [*self.expected, *required, *also]
        while missing:
            for path, text in txn.texts.get_many(dict.fromkeys(missing)).items():
                parsed[path] = _parse(text, self._known.get(path))
                document = parsed[path].document
                if document is not None:
                    documents[path] = document
            required = required_paths(self._subarray_id, self._components, documents)
            missing = [path for path in required if path not in parsed]
        self._known, self.expected = parsed, required
        used = dict.fromkeys([*required, *also])
        return Snapshot(
            txn.revision,
            self._subarray_id,
            {path: documents[path] for path in used if path in documents},
            tuple(path for path in used if not parsed[path].is_readable),
        )


class SystemReader:
    """Reader of the documents that the controller's attributes depend on.

    Of the blocks it keeps those that have not ended, and reads only what has changed. Of the other
    documents, which are few, it parses one again only if its text has changed.

    Args:
        storage_key: path of the resource that is the capacity buffer; empty to find it.
        prefix: path before all paths of the system.

    Attributes:
        followed: prefixes of the paths to follow.
    """

    def __init__(self, storage_key: str, prefix: str) -> None:
        self.followed = tuple(prefix + path for path in ActiveBlocks.FOLLOWED)
        self._storage_key = storage_key
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
        found = texts.get_many([paths.CONTROLLER, *self._storage_paths(texts)])
        found.update(texts.list_values("/component/", recurse=[1]))
        found.update(texts.list_values("/lmc/subarray/"))
        documents, unreadable = dict(blocks.documents), set(blocks.unreadable)
        parsed = {path: _parse(text, self._known.get(path)) for path, text in found.items()}
        documents.update(_existing(parsed))
        unreadable.update(path for path, each in parsed.items() if not each.is_readable)
        ended = self._read_ended_blocks(txn, documents)
        self._known = {**parsed, **ended}
        return System(txn.revision, documents, tuple(sorted(unreadable)))

    def _storage_paths(self, texts: Texts) -> tuple[str, ...]:
        """Return the paths of the capacity buffer's resource and of its state."""
        # Without the values: the amounts of other resources may change often.
        path = storage_path(self._storage_key, lambda root: texts.list_keys(root, recurse=1))
        return () if path is None else with_state(path)

    def _read_ended_blocks(
        self, txn: Transaction, documents: dict[str, Json]
    ) -> dict[str, _Parsed]:
        """Read the ended blocks that subarrays are linked to, and add them to the documents."""
        subarrays = [path for path in documents if path.startswith("/lmc/subarray/")]
        parsed: dict[str, _Parsed] = {}
        while True:
            required = {
                path
                for subarray in subarrays
                for path in required_paths(subarray.rpartition("/")[2], (), documents)
            }
            missing = required - parsed.keys() - documents.keys()
            if not missing:
                return parsed
            some = {
                path: _parse(text, self._known.get(path))
                for path, text in txn.texts.get_many(missing).items()
            }
            parsed.update(some)
            documents.update(_existing(some))


def _existing(parsed: Mapping[str, _Parsed]) -> dict[str, Json]:
    return {path: each.document for path, each in parsed.items() if each.document is not None}
