"""Types shared by several entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ska_sdp_config.lazy import names_of

if TYPE_CHECKING:
    from ska_sdp_config.entity.common.ids import ExecutionBlockId, ProcessingBlockId
    from ska_sdp_config.entity.common.kafka import KafkaUrl
    from ska_sdp_config.entity.common.path import (
        AbsolutePurePath,
        AnyPurePath,
        PVCPath,
        RelativePurePath,
    )
    from ska_sdp_config.entity.common.trl import AnyTRL, AttributeTRL

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

__getattr__, __dir__ = names_of(
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
