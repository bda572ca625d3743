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


NewEbId = Annotated[EbId, Field(description="ID of the execution block; it must be new")]
MaxLength = Annotated[
    float, Field(ge=0, description="length of the observation in s, for scripts; no time limit")
]


class Window(Schema):
    """Range of channels."""

    count: int = Field(ge=1, description="number of channels")
    start: int = Field(ge=0, description="number of the first channel")
    stride: int = Field(1, ge=1, description="step from one channel number to the next")
    freq_min: float = Field(description="lower edge in Hz; below `freq_max`")
    freq_max: float = Field(description="upper edge in Hz")
    link_map: Links = Field(ABSENT, description="`[channel, link]`: the link from a channel on")


Windows = Annotated[list[Window], Field(min_length=1, description="ranges of channels")]
NewScanTypeId = Annotated[ScanTypeId, Field(description="ID for Configure")]
Frame = Annotated[str, Field(description="reference frame, such as `ICRS`; equatorial")]
RightAscension = Annotated[str, Field(description="right ascension in hours, `h:m:s`")]
Declination = Annotated[str, Field(description="declination in °, `[-]d:m:s`")]


class ScanType02(Schema):
    """Scan type, schemas 0.1 and 0.2."""

    id: NewScanTypeId
    coordinate_system: Frame = ABSENT
    ra: RightAscension = ABSENT
    dec: Declination = ABSENT
    channels: Windows


class ScanType03(Schema):
    """Scan type, schema 0.3."""

    scan_type_id: NewScanTypeId
    reference_frame: Frame = ABSENT
    ra: RightAscension = ABSENT
    dec: Declination = ABSENT
    channels: Windows


ScriptKind = Annotated[Kind, Field(description="kind of the script")]
ScriptName = Annotated[ScriptPart, Field(description="name of the script")]
ScriptVersion = Annotated[ScriptPart, Field(description="version of the script")]


class Workflow02(Schema):
    """Reference to a processing script, schemas 0.1 and 0.2."""

    type: ScriptKind
    id: ScriptName
    version: ScriptVersion


class Workflow03(Schema):
    """Reference to a processing script, from schema 0.3 on."""

    kind: ScriptKind
    name: ScriptName
    version: ScriptVersion


Needed = Annotated[Name, Field(description="processing block that provides the data")]
NeededData = Annotated[Names, Field(description="kinds of data that are needed")]


class Dependency02(Schema):
    """Dependency on a processing block, schemas 0.1 and 0.2."""

    pb_id: Needed
    type: NeededData


class Dependency03(Schema):
    """Dependency on a processing block, from schema 0.3 on."""

    pb_id: Needed
    kind: NeededData


NewPbId = Annotated[PbId, Field(description="ID of the processing block; it must be new")]
Parameters = Annotated[dict[str, Any], Field(description="parameters of the script")]
Dependencies02 = Annotated[list[Dependency02], Field(description="data of other blocks it needs")]
Dependencies03 = Annotated[list[Dependency03], Field(description="data of other blocks it needs")]


class ProcessingBlock02(Schema):
    """Processing block, schemas 0.1 and 0.2."""

    id: NewPbId
    workflow: Workflow02 = Field(description="script to run")
    parameters: Parameters
    dependencies: Dependencies02 = ABSENT


class ProcessingBlock03(Schema):
    """Processing block, schema 0.3."""

    pb_id: NewPbId
    workflow: Workflow03 = Field(description="script to run")
    parameters: Parameters
    dependencies: Dependencies03 = ABSENT


class Assign02(Message):
    """Argument of AssignResources, schemas 0.1 and 0.2."""

    id: NewEbId
    max_length: MaxLength
    scan_types: list[ScanType02] = Field(min_length=1, description="scan types to choose from")
    processing_blocks: list[ProcessingBlock02] = Field(
        min_length=1, description="processing blocks"
    )


class Assign03(Message):
    """Argument of AssignResources, schema 0.3."""

    eb_id: NewEbId
    max_length: MaxLength
    scan_types: list[ScanType03] = Field(min_length=1, description="scan types to choose from")
    processing_blocks: list[ProcessingBlock03] = Field(
        min_length=1, description="processing blocks"
    )


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
