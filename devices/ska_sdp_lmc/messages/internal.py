"""Internal, version-independent form of the message of each command.

Execution blocks, scan types and processing blocks are JSON mappings in the form of schema
0.4/1.x with valid ids, ready to be stored. All parts of an execution block are present,
possibly empty, except ``max_length``, which may be missing at strictness 0. A processing block
always has ``parameters`` and ``dependencies``. Unknown keys are kept in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = [
    "AssignResources",
    "Configure",
    "Json",
    "Parsed",
    "ReleaseResources",
    "Resources",
    "Scan",
]

Json = Mapping[str, Any]
ContentT = TypeVar("ContentT", covariant=True)


@dataclass(frozen=True, slots=True)
class Resources:
    """Externally managed resources of a message; None for each that it does not name.

    Attributes:
        csp_links: numbers of links from the correlator, in message order, without duplicates.
        receptors: names of receptors, in message order, without duplicates.
        receive_nodes: number of nodes that receive data, at least 1.
        extra: unknown keys, unchanged.
    """

    csp_links: tuple[int, ...] | None = None
    receptors: tuple[str, ...] | None = None
    receive_nodes: int | None = None
    extra: Json = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Resources:
        """Convert the validated ``resources`` of a message."""
        extra = dict(given)
        csp_links, receptors = extra.pop("csp_links", None), extra.pop("receptors", None)
        return cls(
            csp_links=None if csp_links is None else tuple(dict.fromkeys(csp_links)),
            receptors=None if receptors is None else tuple(dict.fromkeys(receptors)),
            receive_nodes=extra.pop("receive_nodes", None),
            extra=extra,
        )


@dataclass(frozen=True, slots=True)
class AssignResources:
    """Argument of AssignResources; at least one of its three parts is present."""

    transaction_id: str | None = None
    resources: Resources | None = None
    execution_block: Json | None = None
    processing_blocks: Sequence[Json] = ()


@dataclass(frozen=True, slots=True)
class ReleaseResources:
    """Argument of ReleaseResources."""

    resources: Resources
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Configure:
    """Argument of Configure.

    Attributes:
        scan_type: id of the scan type to configure for.
        new_scan_types: scan types to add to the execution block, in the 0.4 form.
        new_channels: channels definitions that converted (flat) new scan types refer to.
        new_fields: field definitions that converted new scan types refer to.
        new_beams: beams that converted new scan types need (``vis0``).
    """

    scan_type: str
    new_scan_types: Sequence[Json] = ()
    new_channels: Sequence[Json] = ()
    new_fields: Sequence[Json] = ()
    new_beams: Sequence[Json] = ()
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """Argument of Scan.

    Attributes:
        scan_id: number of the scan, at least 0.
        start_time: ISO 8601 in UTC, or None (schema 2.1).
        duration: length in seconds, or None (schema 2.1).
    """

    scan_id: int
    start_time: str | None = None
    duration: float | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed(Generic[ContentT]):
    """Parsed argument of a command.

    Attributes:
        message: the argument in the internal form.
        warnings: deviations from the schema that the strictness tolerates, one line each, with
            its JSON path.
    """

    message: ContentT
    warnings: tuple[str, ...] = ()
