"""Check of the access rights of a process's devices in the configuration database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ska_sdp_config.engine.committer import TOKEN_PREFIX
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.listing import with_state
from ska_sdp_config.lmc.storage import RESOURCES
from ska_sdp_config.store.interface import Put, Query, Store
from ska_sdp_config.store.keys import Span, key_of_path

__all__ = ["TOKEN", "Access", "check"]

SAMPLE_ID = "access-check"
"""ID of a sample entity: rights are granted for all entities of a kind."""

MAX_PATHS_PER_CALL = 100
"""Keeps a call below 128 operations, the server's default limit."""

TOKEN = f"{TOKEN_PREFIX}{SAMPLE_ID}"


@dataclass(frozen=True, slots=True)
class Access:
    """Paths that a device reads and writes, those of the whole system included.

    Attributes:
        writes: paths that it writes; it reads them too.
        reads: further paths that it reads.
    """

    writes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()

    @classmethod
    def of_subarray(
        cls, subarray_id: str, required_components: Iterable[str], prefix: str = ""
    ) -> Access:
        """Return the paths, below a prefix, that the device of a subarray reads and writes."""
        presence = paths.component(paths.component_of_subarray(subarray_id))
        block = with_state(paths.execution_block(SAMPLE_ID))
        pb, pb_state = with_state(paths.processing_block(SAMPLE_ID))
        writes = (paths.subarray(subarray_id), presence, *block, pb)
        reads = (*map(paths.component, required_components), pb_state)
        return cls(_below(prefix, writes), _below(prefix, reads))

    @classmethod
    def of_controller(cls, component: str, storage_key: str, prefix: str = "") -> Access:
        """Return the paths, below a prefix, that the controller's device reads and writes.

        They include the component that it registers, and the resource that is the capacity
        buffer: ``storage_key``, or any if that is empty.
        """
        writes = (paths.CONTROLLER, paths.component(component))
        block, pb = paths.execution_block(SAMPLE_ID), paths.processing_block(SAMPLE_ID)
        storage = with_state(storage_key or RESOURCES + SAMPLE_ID)
        reads = (*storage, paths.subarray(SAMPLE_ID), block, *with_state(pb))
        return cls(_below(prefix, writes), _below(prefix, reads))


def check(store: Store, accesses: Iterable[Access]) -> None:
    """Check that the database accepts the reads and writes of devices, without writing.

    Raises:
        ConfigRefused: the database rejects them: permission denied, or quota exceeded.
        LoginRejected: the database rejects the login, or requires one.
        ConfigConnectionError: the database does not respond.
    """
    writes: set[str] = set()
    paths_to_read: set[str] = set()
    for access in accesses:
        writes |= access.writes
        paths_to_read |= access.writes | access.reads
    listed = sorted(paths_to_read)
    for begin in range(0, len(listed), MAX_PATHS_PER_CALL):
        part = listed[begin : begin + MAX_PATHS_PER_CALL]
        # Every commit of the library reads and writes a token too.
        written = [TOKEN, *(key_of_path(path) for path in part if path in writes)]
        store.check_access(
            [Query(Span(key)) for key in (TOKEN, *map(key_of_path, part))],
            [Put(key, "") for key in written],
            timeout=store.timeout,
        )


def _below(prefix: str, some: Iterable[str]) -> frozenset[str]:
    return frozenset(prefix + path for path in some)
