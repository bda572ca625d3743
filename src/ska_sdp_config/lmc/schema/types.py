"""Base model and field types shared by the schemas."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "ABSENT",
    "FORM",
    "WHOLE",
    "EbId",
    "Function",
    "Kind",
    "Links",
    "Message",
    "Name",
    "Names",
    "Numbers",
    "PbId",
    "ScanTypeId",
    "Schema",
    "ScriptPart",
    "json_pattern",
]

Function = Literal["visibilities", "pulsar search", "pulsar timing", "vlbi", "transient buffer"]
"""Function of a beam."""

ABSENT: Any = None
"""Default of an optional field; an explicit null is invalid nevertheless."""

FORM = "form"
"""Type of pydantic errors with `Severity.FORM`."""
WHOLE = "whole"
"""Type of pydantic errors whose text is complete without the invalid value."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,95}")
_SCRIPT_PART = re.compile(r"[A-Za-z0-9_.-]{1,96}")
_TRANSACTION = re.compile(r"txn-[a-z0-9]+-[0-9]{8}-[a-z0-9]+")


class Schema(BaseModel):
    """Base of all schemas: strict, so a boolean is not an integer; integers pass as floats.

    pydantic builds each at its first use, as a server uses few of the versions.
    """

    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


def _block_pattern(prefix: str) -> str:
    return prefix + r"-[a-z0-9]+-[0-9]{8}-[a-z0-9]+"


def _block_id(prefix: str) -> AfterValidator:
    pattern = re.compile(_block_pattern(prefix))

    def check(block_id: str) -> str:
        if not _ID.fullmatch(block_id):
            wanted = "should be 1 to 96 letters, digits and hyphens, no hyphen first"
            raise PydanticCustomError("id", wanted)
        if not pattern.fullmatch(block_id):
            wanted = f"should be like {prefix}-source-20260131-00001"
            raise PydanticCustomError(FORM, wanted)
        return block_id

    return AfterValidator(check)


def _scan_type_id(name: str) -> str:
    # It appears in an attribute and in log lines, which a line break would corrupt.
    if not name.isprintable():
        raise PydanticCustomError("id", "should have printable characters only")
    return name


def _script_part(part: str) -> str:
    # Part of the key /script/<kind>:<name>:<version>; no script with other characters can exist.
    if not _SCRIPT_PART.fullmatch(part):
        raise PydanticCustomError("id", "should be 1 to 96 letters, digits, '_', '.' and '-'")
    return part


def _transaction_id(name: str) -> str:
    if not _TRANSACTION.fullmatch(name):
        raise PydanticCustomError(FORM, "should be like txn-source-20260131-00001")
    return name


def json_pattern(pattern: str, **more: Any) -> WithJsonSchema:
    """Return the JSON Schema of a string that a validator checks against a pattern.

    The pattern is for the whole string. Further keywords, such as ``maxLength``, are added.
    """
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern})$", **more})


Name = Annotated[str, Field(min_length=1)]
EbId = Annotated[str, _block_id("eb"), json_pattern(_block_pattern("eb"), maxLength=96)]
PbId = Annotated[str, _block_id("pb"), json_pattern(_block_pattern("pb"), maxLength=96)]
ScanTypeId = Annotated[Name, AfterValidator(_scan_type_id)]
ScriptPart = Annotated[str, AfterValidator(_script_part), json_pattern(_SCRIPT_PART.pattern)]
TransactionId = Annotated[str, AfterValidator(_transaction_id), json_pattern(_TRANSACTION.pattern)]
Kind = Literal["realtime", "batch"]

# Report only the first invalid entry of a long list of numbers or names.
Names = Annotated[list[Name], FailFast()]
Numbers = Annotated[list[float], FailFast()]
Links = Annotated[
    list[Annotated[list[int], Field(min_length=2, max_length=2), FailFast()]], FailFast()
]


class Message(Schema):
    """Top-level keys allowed in the message of every command."""

    interface: str = Field(ABSENT, description="schema and version")
    transaction_id: TransactionId = Field(
        ABSENT, description="ID for the log of all subsystems; generated if absent"
    )
