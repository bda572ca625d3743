"""Schemas 0.1 to 0.3: flat, each scan type contains its channels."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ska_sdp_config.lmc.schema.check import ANY, Lenient
from ska_sdp_config.lmc.schema.types import (
    ABSENT,
    EbId,
    Kind,
    Links,
    Message,
    Name,
    Names,
    PbId,
    ScanTypeId,
    Schema,
    ScriptPart,
)

__all__ = [
    "LENIENT",
    "SCAN_TYPE_LENIENT",
    "Assign02",
    "Assign03",
    "ScanType02",
    "ScanType03",
    "Subbands",
    "Window",
]


class Window(Schema):
    """Range of channels; frequencies in Hz."""

    count: Annotated[int, Field(ge=1)]
    start: Annotated[int, Field(ge=0)]
    stride: Annotated[int, Field(ge=1)] = 1
    freq_min: float
    freq_max: float
    link_map: Links = ABSENT


Windows = Annotated[list[Window], Field(min_length=1)]


class ScanType02(Schema):
    """Scan type, schemas 0.1 and 0.2."""

    id: ScanTypeId
    coordinate_system: str = ABSENT
    ra: str = ABSENT
    dec: str = ABSENT
    channels: Windows


class ScanType03(Schema):
    """Scan type, schema 0.3."""

    scan_type_id: ScanTypeId
    reference_frame: str = ABSENT
    ra: str = ABSENT
    dec: str = ABSENT
    channels: Windows


class Workflow02(Schema):
    """Reference to a processing script, schemas 0.1 and 0.2."""

    type: Kind
    id: ScriptPart
    version: ScriptPart


class Workflow03(Schema):
    """Reference to a processing script, from schema 0.3 on."""

    kind: Kind
    name: ScriptPart
    version: ScriptPart


class Dependency02(Schema):
    """Dependency on a processing block, schemas 0.1 and 0.2."""

    pb_id: Name
    type: Names


class Dependency03(Schema):
    """Dependency on a processing block, from schema 0.3 on."""

    pb_id: Name
    kind: Names


class ProcessingBlock02(Schema):
    """Processing block, schemas 0.1 and 0.2."""

    id: PbId
    workflow: Workflow02
    parameters: dict[str, Any]
    dependencies: list[Dependency02] = ABSENT


class ProcessingBlock03(Schema):
    """Processing block, schema 0.3."""

    pb_id: PbId
    workflow: Workflow03
    parameters: dict[str, Any]
    dependencies: list[Dependency03] = ABSENT


class Assign02(Message):
    """Argument of AssignResources, schemas 0.1 and 0.2."""

    id: EbId
    max_length: Annotated[float, Field(ge=0)]
    scan_types: Annotated[list[ScanType02], Field(min_length=1)]
    processing_blocks: Annotated[list[ProcessingBlock02], Field(min_length=1)]


class Assign03(Message):
    """Argument of AssignResources, schema 0.3."""

    eb_id: EbId
    max_length: Annotated[float, Field(ge=0)]
    scan_types: Annotated[list[ScanType03], Field(min_length=1)]
    processing_blocks: Annotated[list[ProcessingBlock03], Field(min_length=1)]


class Subband(Schema):
    """Range of channels in schemas older than 0.1; frequencies in Hz."""

    nchan: Annotated[int, Field(ge=1)]
    freq_min: float
    freq_max: float
    input_link_map: Annotated[Links, Field(min_length=1)]


class Subbands(Schema):
    """Subbands of a scan type in schemas older than 0.1."""

    subbands: Annotated[list[Subband], Field(min_length=1)]


SCAN_TYPE_LENIENT = Lenient(inside=(("channels", ANY, ANY),), absent=(("channels",),))
LENIENT = Lenient(
    inside=(("scan_types", ANY, "channels", ANY, ANY),),
    absent=(
        ("max_length",),
        ("scan_types", ANY, "channels"),
        ("processing_blocks", ANY, "parameters"),
    ),
)
