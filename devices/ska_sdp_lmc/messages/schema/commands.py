"""Schemas of Configure and Scan."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ska_sdp_config.lmc.schema.types import ABSENT, FORM, Message, ScanTypeId, json_pattern

__all__ = ["TIME", "Configure", "Scan02", "Scan03", "Scan21"]

_PATTERN = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,12})?(Z|[+-]00:?00)"
)
TIME = re.compile(f"{_PATTERN}?")
"""ISO 8601 time in UTC; the second group is the optional zone."""


def _utc(text: str) -> str:
    match = TIME.fullmatch(text)
    try:
        datetime.fromisoformat(match[1] if match else "")
    except ValueError:
        wanted = "should be a time in UTC like 2026-01-31T23:12:37.526Z"
        raise PydanticCustomError("time", wanted) from None
    if match and not match[2]:
        raise PydanticCustomError(FORM, "should end in Z (read as UTC)")
    return text


# The attribute scanID is a signed 64-bit integer.
ScanId = Annotated[int, Field(ge=0, le=2**63 - 1, description="number of the scan")]


class Configure(Message):
    """Argument of Configure, all versions; new scan types are validated separately."""

    scan_type: ScanTypeId = Field(
        description="ID of the scan type to configure for; no template",
        # A template is an issue at strictness 2 only.
        json_schema_extra={"pattern": r"^[^.]"},
    )
    new_scan_types: list[dict[str, Any]] = Field(
        ABSENT, description="scan types to add to the execution block; their IDs must be new"
    )


class Scan02(Message):
    """Argument of Scan, schemas 0.1 and 0.2."""

    id: ScanId


class Scan03(Message):
    """Argument of Scan, schemas 0.3 to 2.0."""

    scan_id: ScanId


class Scan21(Scan03):
    """Argument of Scan, schema 2.1."""

    start_time: Annotated[str, AfterValidator(_utc), json_pattern(_PATTERN)] = Field(
        ABSENT, description="planned start, ISO 8601 in UTC; stored for scripts"
    )
    duration: float = Field(ABSENT, ge=0, description="planned length in s; stored for scripts")
