"""What a subarray's state is derived from: its documents, all of one revision."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.entry import Entry, is_id
from ska_sdp_config.lmc.listing import listed, receive_pb_of, with_state
from ska_sdp_config.lmc.states import Json, State

__all__ = ["Snapshot", "Writes", "read_document", "required_paths"]


@dataclass(frozen=True, slots=True)
class Writes:
    """What a command writes: whole documents by path, each created or replaced."""

    documents: Mapping[str, Json] = field(default_factory=dict)


_SUSPECT = re.compile(r"\\u[dD][89a-fA-F]|[0-9][eE]\+?[0-9]{3}|[0-9]{309}|NaN|Infinity")
"""Text that may hold half a surrogate pair or a number that is not finite.

Neither can be written back.
"""


def read_document(text: str | None) -> tuple[Json | None, bool]:
    """Read an entity's text.

    Args:
        text: what is stored, None when nothing is.

    Returns:
        The object, None when nothing is stored; and whether it could be read. Text that holds
        no JSON object, or one that could not be written again, reads as an empty one: what
        others wrote stops no device.
    """
    if text is None:
        return None, True
    try:
        document: Any = json.loads(text)
        if not text.isascii():
            text.encode()
        if _SUSPECT.search(text):
            json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return {}, False
    return (document, True) if isinstance(document, dict) else ({}, False)


@dataclass(frozen=True)
class Snapshot:
    """The documents that a subarray depends on, as they stood at one revision.

    Attributes:
        revision: revision of the database.
        subarray_id: the subarray, such as ``01``.
        documents: every document read that is there, by path.
        unreadable: paths whose text holds no JSON object.
    """

    revision: int
    subarray_id: str
    documents: Mapping[str, Json]
    unreadable: tuple[str, ...] = ()

    @classmethod
    def of_texts(
        cls, revision: int, subarray_id: str, texts: Mapping[str, str | None]
    ) -> Snapshot:
        """Make a snapshot of what a transaction read."""
        documents: dict[str, Json] = {}
        unreadable: list[str] = []
        for path, text in texts.items():
            document, readable = read_document(text)
            if document is not None:
                documents[path] = document
            if not readable:
                unreadable.append(path)
        return cls(revision, subarray_id, documents, tuple(unreadable))

    def with_writes(self, writes: Writes, revision: int) -> Snapshot:
        """The snapshot as it is once some writes have been committed, at their revision."""
        unreadable = tuple(path for path in self.unreadable if path not in writes.documents)
        documents = {**self.documents, **writes.documents}
        return replace(self, revision=revision, documents=documents, unreadable=unreadable)

    @property
    def entry_path(self) -> str:
        """Path of the subarray's entry."""
        return paths.subarray(self.subarray_id)

    @cached_property
    def entry(self) -> Entry:
        """What was commanded."""
        return Entry.read(self.documents.get(self.entry_path))

    @property
    def state(self) -> State:
        """The device's State."""
        return self.entry.shown_state

    @property
    def eb_id(self) -> str | None:
        """Id of the linked execution block."""
        return self.entry.eb_id

    @cached_property
    def eb(self) -> Json | None:
        """The linked execution block; None when none is linked, it is gone, or it is damaged."""
        if self.eb_id is None:
            return None
        path = paths.execution_block(self.eb_id)
        # One without content would be taken for an active one, and be overwritten.
        return None if self.is_damaged(path) else self.documents.get(path)

    @cached_property
    def eb_state(self) -> Json | None:
        """The linked execution block's state."""
        if self.eb_id is None:
            return None
        return self.documents.get(paths.state_of(paths.execution_block(self.eb_id)))

    @property
    def eb_status(self) -> str:
        """Status of the linked execution block: ACTIVE, FINISHED, CANCELLED or missing.

        One that holds no JSON object counts as missing.
        Older programs wrote an obsState there, or nothing: such a block is active (spec 2.1).
        """
        if self.eb is None:
            return "missing"
        status = self.eb.get("status")
        return status if status in ("FINISHED", "CANCELLED") else "ACTIVE"

    @cached_property
    def pbs(self) -> Mapping[str, ProcessingBlock]:
        """Processing blocks of the linked execution block by ID, real-time ones first."""
        return {
            pb_id: self._read_pb(pb_id, realtime)
            for pb_id, realtime in listed(self.eb or {}).realtime.items()
        }

    @property
    def realtime_pbs(self) -> list[ProcessingBlock]:
        """The real-time processing blocks."""
        return [pb for pb in self.pbs.values() if pb.realtime]

    @property
    def receive_pb(self) -> ProcessingBlock | None:
        """The processing block that the execution block names for receive addresses."""
        pb_id = receive_pb_of(self.eb or {})
        if pb_id is None:
            return None
        return self.pbs.get(pb_id) or self._read_pb(pb_id, False)

    def _read_pb(self, pb_id: str, realtime: bool) -> ProcessingBlock:
        document, state = map(self.documents.get, with_state(paths.processing_block(pb_id)))
        return ProcessingBlock.read(pb_id, realtime, document, state)

    def is_damaged(self, path: str) -> bool:
        """Whether the text at a path that was read holds no JSON object."""
        return path in self.unreadable

    def check_entry(self) -> None:
        """Check that the entry may be overwritten.

        Raises:
            CommandRejected: it holds no JSON object.
        """
        if self.is_damaged(self.entry_path):
            raise rejections.ENTRY_DAMAGED.rejection(path=self.entry_path)

    def exists(self, path: str) -> bool:
        """Whether a path that was read is there."""
        return path in self.documents

    def is_online(self, component: str) -> bool:
        """Whether a component is alive."""
        return self.exists(paths.component(component))

    def required_paths(self, components: Iterable[str]) -> list[str]:
        """Every path that the subarray's state depends on."""
        return required_paths(self.subarray_id, components, self.documents)


def required_paths(
    subarray_id: str, components: Iterable[str], documents: Mapping[str, Json]
) -> list[str]:
    """List the paths that a subarray's state depends on, as far as they can be known.

    Args:
        subarray_id: the subarray.
        components: names of the components that it requires.
        documents: what has been read already; the entry names the execution block, and that
            its processing blocks.
    """
    entry_path = paths.subarray(subarray_id)
    wanted = [entry_path, *map(paths.component, components)]
    eb_id = documents.get(entry_path, {}).get("eb_id")
    if is_id(eb_id):
        eb_path = paths.execution_block(eb_id)
        eb = documents.get(eb_path, {})
        blocks = listed(eb)
        wanted += (*with_state(eb_path), *blocks.paths)
        receive_pb = receive_pb_of(eb)
        if receive_pb is not None and receive_pb not in blocks.realtime:
            wanted += with_state(paths.processing_block(receive_pb))
    return wanted
