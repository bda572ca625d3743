"""Types that several entities use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import names_of

if TYPE_CHECKING:
    from .ids import ExecutionBlockId, ProcessingBlockId
    from .kafka import KafkaUrl
    from .path import AbsolutePurePath, AnyPurePath, PVCPath, RelativePurePath
    from .trl import AnyTRL, AttributeTRL

__all__ = [
    "AbsolutePurePath",
    "AnyPurePath",
    "AnyTRL",
    "AttributeTRL",
    "ExecutionBlockId",
    "KafkaUrl",
    "PVCPath",
    "ProcessingBlockId",
    "RelativePurePath",
]

__getattr__ = names_of(
    __name__,
    {
        "AbsolutePurePath": ".path",
        "AnyPurePath": ".path",
        "AnyTRL": ".trl",
        "AttributeTRL": ".trl",
        "ExecutionBlockId": ".ids",
        "KafkaUrl": ".kafka",
        "PVCPath": ".path",
        "ProcessingBlockId": ".ids",
        "RelativePurePath": ".path",
    },
)
