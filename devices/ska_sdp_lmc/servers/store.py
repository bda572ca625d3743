"""The model's snapshots read from transactions, and its writes put into them."""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_config.backend.stm import Txn
from ska_sdp_config.entity.codec import encode
from ska_sdp_lmc.model import paths
from ska_sdp_lmc.model.controller import ControllerEntry
from ska_sdp_lmc.model.snapshot import Snapshot, Writes, read_document, wanted_paths
from ska_sdp_lmc.model.states import Json
from ska_sdp_lmc.model.system import System

__all__ = ["SystemReader", "read_controller", "read_snapshot", "write"]


def read_snapshot(
    raw: Txn, subarray_id: str, components: Iterable[str], also: Iterable[str] = ()
) -> Snapshot:
    """Read everything that a subarray's state depends on.

    Args:
        raw: the transaction. What was prefetched costs no round trip; what the entry and the
            execution block turn out to name besides costs one each.
        subarray_id: the subarray.
        components: names of the components that it requires.
        also: further paths, such as those that a message would create.

    Raises:
        ConfigConnectionError: the database does not answer.
    """
    required = list(components)
    texts: dict[str, str | None] = {}
    documents: dict[str, Json] = {}
    missing = [*wanted_paths(subarray_id, required, documents), *also]
    while missing:
        for path, text in raw.get_many(missing).items():
            texts[path] = text
            document, _ = read_document(text)
            if document is not None:
                documents[path] = document
        wanted = wanted_paths(subarray_id, required, documents)
        missing = [path for path in wanted if path not in texts]
    return Snapshot.of_texts(raw.revision, subarray_id, texts)


def read_controller(raw: Txn) -> ControllerEntry:
    """Read what was commanded to the controller.

    Raises:
        ConfigConnectionError: the database does not answer.
    """
    document, _ = read_document(raw.get(paths.CONTROLLER))
    return ControllerEntry.read(document)


def write(raw: Txn, writes: Writes | None) -> None:
    """Put writes into a transaction.

    Args:
        raw: the transaction, in which each of the paths has been read.
        writes: what is to be written; None is nothing.
    """
    for path, document in (writes.documents if writes else {}).items():
        if raw.get(path) is None:
            raw.create(path, encode(document))
        else:
            raw.update(path, encode(document))


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

    def read(self, raw: Txn) -> System:
        """Read everything.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        single = raw.get_many([paths.CONTROLLER, self._storage_path])
        found = [(path, text) for path, text in single.items() if text is not None]
        # The owners of components; subarrays; execution blocks; blocks with their states.
        found += raw.list_values("/component/", recurse=[1])
        found += raw.list_values("/lmc/subarray/")
        found += raw.list_values("/eb/")
        found += raw.list_values("/pb/", recurse=1)
        self._known = {path: self._parse(path, text) for path, text in found}
        return System(
            raw.revision,
            {path: document for path, (_, document, _) in self._known.items()},
            tuple(path for path, (_, _, readable) in self._known.items() if not readable),
        )

    def _parse(self, path: str, text: str) -> tuple[str, Json, bool]:
        known = self._known.get(path)
        if known is not None and known[0] == text:
            return known
        document, readable = read_document(text)
        return text, document or {}, readable
