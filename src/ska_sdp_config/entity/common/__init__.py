"""Types that several entities use."""

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
