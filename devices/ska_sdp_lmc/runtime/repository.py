"""The model's snapshots read from transactions, and its writes put into them."""

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
    """The paths of one system in a transaction, as the model has them: without their prefix.

    Args:
        raw: the transaction.
        prefix: path before all paths of the system, often none.
    """

    def __init__(self, raw: Txn, prefix: str = "") -> None:
        self._raw = raw
        self._prefix = prefix

    @property
    def revision(self) -> int:
        """The revision of the database that is read."""
        return self._raw.revision

    def get(self, path: str) -> str | None:
        """Get the text at a path."""
        return self._raw.get(self._prefix + path)

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Get the texts at several paths, in one round trip."""
        if not self._prefix:
            return self._raw.get_many(paths)
        found = self._raw.get_many(self._prefix + path for path in paths)
        return {self._own(path): text for path, text in found.items()}

    def list_values(self, path: str, recurse: int | Iterable[int] = 0) -> list[tuple[str, str]]:
        """List paths with their texts."""
        found = self._raw.list_values(self._prefix + path, recurse)
        return [(self._own(path), text) for path, text in found] if self._prefix else found

    def put(self, path: str, text: str) -> None:
        """Create a path, or change its text; it has been read."""
        where = self._prefix + path
        (self._raw.create if self._raw.get(where) is None else self._raw.update)(where, text)

    def _own(self, path: str) -> str:
        return path[len(self._prefix) :]


def read_snapshot(
    tree: Tree,
    subarray_id: str,
    components: Iterable[str],
    also: Iterable[str] = (),
    expected: Iterable[str] = (),
) -> Snapshot:
    """Read everything that a subarray's state depends on.

    Args:
        tree: the transaction. What was prefetched costs no round trip; what the entry and the
            execution block turn out to name besides costs one each.
        subarray_id: the subarray.
        components: names of the components that it requires.
        also: further paths, such as those that a message would create.
        expected: paths that the snapshot will probably have, as those of the last one.

    Raises:
        ConfigConnectionError: the database does not answer.
    """
    required, also = list(components), list(also)
    texts: dict[str, str | None] = {}
    documents: dict[str, Json] = {}
    wanted = required_paths(subarray_id, required, documents)
    missing = [*expected, *wanted, *also]
    while missing:
        for path, text in tree.get_many(dict.fromkeys(missing)).items():
            texts[path] = text
            document, _ = read_document(text)
            if document is not None:
                documents[path] = document
        wanted = required_paths(subarray_id, required, documents)
        missing = [path for path in wanted if path not in texts]
    return Snapshot.of_texts(
        tree.revision, subarray_id, {path: texts[path] for path in (*wanted, *also)}
    )


def read_controller(tree: Tree) -> ControllerEntry:
    """Read what was commanded to the controller, to be overwritten.

    Raises:
        CommandRejected: its entry holds no JSON object.
        ConfigConnectionError: the database does not answer.
    """
    document, readable = read_document(tree.get(paths.CONTROLLER))
    if not readable:
        raise rejections.ENTRY_DAMAGED.rejection(path=paths.CONTROLLER)
    return ControllerEntry.read(document)


def write(tree: Tree, writes: Writes | None) -> None:
    """Put writes into a transaction.

    Args:
        tree: the transaction, in which each of the paths has been read.
        writes: what is to be written; None is nothing.
    """
    for path, document in (writes.documents if writes else {}).items():
        tree.put(path, encode(document))


class SystemReader:
    """Reads what the controller shows of the system, over and over.

    There may be tens of thousands of documents of which few change, so what was read before is
    kept with its text, and not parsed again.

    Args:
        storage_path: path of the document that holds the capacity of the buffer.
    """

    def __init__(self, storage_path: str) -> None:
        self._storage_path = storage_path
        self._known: dict[str, tuple[str, Json, bool]] = {}

    def read(self, tree: Tree) -> System:
        """Read everything.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        single = tree.get_many([paths.CONTROLLER, self._storage_path])
        found = [(path, text) for path, text in single.items() if text is not None]
        # The owners of components; subarrays; execution blocks; blocks with their states.
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
