"""Repository: snapshots read from transactions, and writes put into them."""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.snapshot import Snapshot, Writes, read_document, required_paths
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.system import System

__all__ = ["SystemReader", "Tree", "read_controller", "read_snapshot", "write"]


class Tree:
    """Paths of one system in a transaction, without their prefix.

    Args:
        raw: the transaction.
        prefix: path before all paths of the system, often none.
    """

    def __init__(self, raw: Txn, prefix: str = "") -> None:
        self._raw = raw
        self._prefix = prefix

    @property
    def revision(self) -> int:
        """Revision of the reads."""
        return self._raw.revision

    def get(self, path: str) -> str | None:
        """Return the text at a path, None if there is none."""
        return self._raw.get(self._prefix + path)

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the texts at several paths in one round trip."""
        if not self._prefix:
            return self._raw.get_many(paths)
        found = self._raw.get_many(self._prefix + path for path in paths)
        return {self._strip(path): text for path, text in found.items()}

    def list_values(self, path: str, recurse: int | Iterable[int] = 0) -> list[tuple[str, str]]:
        """List paths and their texts."""
        found = self._raw.list_values(self._prefix + path, recurse)
        return [(self._strip(path), text) for path, text in found] if self._prefix else found

    def put(self, path: str, text: str) -> None:
        """Create or update a path that the transaction has read."""
        where = self._prefix + path
        (self._raw.create if self._raw.get(where) is None else self._raw.update)(where, text)

    def _strip(self, path: str) -> str:
        return path[len(self._prefix) :]


def read_snapshot(
    tree: Tree,
    subarray_id: str,
    components: Iterable[str],
    also: Iterable[str] = (),
    expected: Iterable[str] = (),
) -> Snapshot:
    """Read a subarray's snapshot.

    Paths that are neither prefetched nor expected cost up to two more round trips: the entry names
    the execution block, and that its processing blocks.

    Args:
        tree: the transaction.
        subarray_id: the subarray.
        components: names of the components that it requires.
        also: further paths, such as those that a message would create.
        expected: paths that the snapshot probably has, such as those of the last one.

    Raises:
        ConfigConnectionError: the database does not answer.
    """
    components, also = list(components), list(also)
    texts: dict[str, str | None] = {}
    documents: dict[str, Json] = {}
    required = required_paths(subarray_id, components, documents)
    missing = [*expected, *required, *also]
    while missing:
        for path, text in tree.get_many(dict.fromkeys(missing)).items():
            texts[path] = text
            document, _ = read_document(text)
            if document is not None:
                documents[path] = document
        required = required_paths(subarray_id, components, documents)
        missing = [path for path in required if path not in texts]
    return Snapshot.of_texts(
        tree.revision, subarray_id, {path: texts[path] for path in (*required, *also)}
    )


def read_controller(tree: Tree) -> ControllerEntry:
    """Read the controller's entry for an update.

    Raises:
        CommandRejected: the entry is not a JSON object.
        ConfigConnectionError: the database does not answer.
    """
    document, readable = read_document(tree.get(paths.CONTROLLER))
    if not readable:
        raise rejections.ENTRY_DAMAGED.rejection(path=paths.CONTROLLER)
    return ControllerEntry.read(document)


def write(tree: Tree, writes: Writes | None) -> None:
    """Add writes to a transaction.

    Args:
        tree: the transaction; it has read each of the paths.
        writes: the writes, None for none.
    """
    for path, document in (writes.documents if writes else {}).items():
        tree.put(path, encode(document))


class SystemReader:
    """Reader of the documents that the controller's attributes depend on.

    There may be tens of thousands, of which few change between two reads: a document is parsed
    again only if its text has changed.

    Args:
        storage_path: path of the document that holds the capacity of the buffer.
    """

    def __init__(self, storage_path: str) -> None:
        self._storage_path = storage_path
        self._known: dict[str, tuple[str, Json, bool]] = {}

    def read(self, tree: Tree) -> System:
        """Read all documents.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        single = tree.get_many([paths.CONTROLLER, self._storage_path])
        found = [(path, text) for path, text in single.items() if text is not None]
        # Owners of components, subarrays, execution blocks, processing blocks with their states.
        found += tree.list_values("/component/", recurse=[1])
        found += tree.list_values("/lmc/subarray/")
        found += tree.list_values("/eb/")
        found += tree.list_values("/pb/", recurse=1)
        self._known = {path: self._parse(path, text) for path, text in found}
        return System(
            tree.revision,
            {path: document for path, (_, document, _) in self._known.items()},
            tuple(path for path, (_, _, readable) in self._known.items() if not readable),
        )

    def _parse(self, path: str, text: str) -> tuple[str, Json, bool]:
        known = self._known.get(path)
        if known is not None and known[0] == text:
            return known
        document, readable = read_document(text)
        return text, document or {}, readable
