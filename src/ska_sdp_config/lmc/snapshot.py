"""Snapshot of the documents that a subarray's state depends on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NoReturn

from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.entry import Entry, is_id
from ska_sdp_config.lmc.listing import listed, receive_pb_of, with_state
from ska_sdp_config.lmc.states import Json, State
from ska_sdp_config.lmc.statuses import eb_status

__all__ = ["Snapshot", "Writes", "read_document", "required_paths"]


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes of a command or of a server.

    Attributes:
        documents: documents to create or replace, by path.
        warnings: doubtful parts of the command's message, for the log.
    """

    documents: Mapping[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def _parse_finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not valid JSON")


_DECODER = json.JSONDecoder(parse_float=_parse_finite_float, parse_constant=_reject_constant)
"""Decoder that rejects numbers that cannot be written back."""


def read_document(text: str | None) -> tuple[Json | None, bool]:
    """Parse a stored document.

    Invalid text is replaced by an empty object, so that no other program can stop a device.

    Returns:
        The document, None if there is none; and whether the text is a JSON object that can be
        written back.
    """
    if text is None:
        return None, True
    try:
        document: Any = _DECODER.decode(text)
        if not text.isascii():
            text.encode()
        if "\\u" in text:
            # Half a surrogate pair could not be encoded when the document is written back.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}, False
    return (document, True) if isinstance(document, dict) else ({}, False)


@dataclass(frozen=True)
class Snapshot:
    """Documents that a subarray's state depends on, at one revision.

    Attributes:
        revision: revision of the database.
        subarray_id: the subarray, such as ``01``.
        documents: existing documents by path.
        unreadable: paths whose text is not a JSON object.
    """

    revision: int
    subarray_id: str
    documents: Mapping[str, Json]
    unreadable: tuple[str, ...] = ()

    def with_writes(self, writes: Writes, revision: int) -> Snapshot:
        """Return the snapshot after a commit of writes at a revision."""
        unreadable = tuple(path for path in self.unreadable if path not in writes.documents)
        documents = {**self.documents, **writes.documents}
        return replace(self, revision=revision, documents=documents, unreadable=unreadable)

    @property
    def entry_path(self) -> str:
        """Path of the subarray's entry."""
        return paths.subarray(self.subarray_id)

    @cached_property
    def entry(self) -> Entry:
        """Entry of the subarray."""
        return Entry.read(self.documents.get(self.entry_path))

    @property
    def state(self) -> State:
        """State of the device."""
        return self.entry.shown_state

    @property
    def eb_id(self) -> str | None:
        """ID of the linked execution block."""
        return self.entry.eb_id

    @cached_property
    def eb(self) -> Json | None:
        """Linked execution block; None if none is linked, or it is missing or damaged."""
        if self.eb_id is None:
            return None
        path = paths.execution_block(self.eb_id)
        # An empty document would count as ACTIVE and be overwritten.
        return None if self.is_damaged(path) else self.documents.get(path)

    @cached_property
    def eb_state(self) -> Json | None:
        """State of the linked execution block."""
        if self.eb_id is None:
            return None
        return self.documents.get(paths.state_of(paths.execution_block(self.eb_id)))

    @property
    def eb_status(self) -> str:
        """Status of the linked execution block: ACTIVE, FINISHED, CANCELLED or missing.

        A damaged block counts as missing.
        """
        return "missing" if self.eb is None else eb_status(self.eb)

    @cached_property
    def pbs(self) -> Mapping[str, ProcessingBlock]:
        """Processing blocks of the linked execution block by ID, real-time ones first."""
        return {
            pb_id: self._read_pb(pb_id, realtime)
            for pb_id, realtime in listed(self.eb or {}).realtime.items()
        }

    @property
    def realtime_pbs(self) -> list[ProcessingBlock]:
        """Real-time processing blocks."""
        return [pb for pb in self.pbs.values() if pb.realtime]

    @property
    def failures(self) -> list[ProcessingBlock]:
        """Real-time processing blocks that failed, without those acknowledged by ObsReset."""
        acknowledged = self.entry.acknowledged
        return [pb for pb in self.realtime_pbs if pb.failed and pb.pb_id not in acknowledged]

    @property
    def receive_pb(self) -> ProcessingBlock | None:
        """Processing block that the execution block names for receive addresses."""
        pb_id = receive_pb_of(self.eb or {})
        if pb_id is None:
            return None
        return self.pbs.get(pb_id) or self._read_pb(pb_id, False)

    def _read_pb(self, pb_id: str, realtime: bool) -> ProcessingBlock:
        document, state = map(self.documents.get, with_state(paths.processing_block(pb_id)))
        return ProcessingBlock.read(pb_id, realtime, document, state)

    def is_damaged(self, path: str) -> bool:
        """Return whether the text at a path is not a JSON object."""
        return path in self.unreadable

    def check_entry(self) -> None:
        """Check that the entry may be overwritten.

        Raises:
            CommandRejected: the entry is not a JSON object.
        """
        if self.is_damaged(self.entry_path):
            raise rejections.ENTRY_DAMAGED.rejection(path=self.entry_path)

    def exists(self, path: str) -> bool:
        """Return whether a path exists."""
        return path in self.documents

    def is_online(self, component: str) -> bool:
        """Return whether a component is alive."""
        return self.exists(paths.component(component))

    def required_paths(self, components: Iterable[str]) -> list[str]:
        """Return every path that the subarray's state depends on."""
        return required_paths(self.subarray_id, components, self.documents)


def required_paths(
    subarray_id: str, components: Iterable[str], documents: Mapping[str, Json]
) -> list[str]:
    """Return the paths that a subarray's state depends on, as far as documents name them.

    The entry names the execution block, and that names the processing blocks.
    """
    entry_path = paths.subarray(subarray_id)
    required = [entry_path, *map(paths.component, components)]
    eb_id = documents.get(entry_path, {}).get("eb_id")
    if is_id(eb_id):
        eb_path = paths.execution_block(eb_id)
        eb = documents.get(eb_path, {})
        blocks = listed(eb)
        required += (*with_state(eb_path), *blocks.paths)
        receive_pb = receive_pb_of(eb)
        if receive_pb is not None and receive_pb not in blocks.realtime:
            required += with_state(paths.processing_block(receive_pb))
    return required
