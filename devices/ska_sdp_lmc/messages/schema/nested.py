"""Schemas 0.4 to 2.1: an execution block of definitions that refer to each other by id.

Schema 1.0 changed the form of phase directions. Later versions are validated as 1.0.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, Discriminator, FailFast, Field, Tag
from pydantic_core import PydanticCustomError

from ska_sdp_config.lmc.schema.check import ANY, Lenient
from ska_sdp_config.lmc.schema.types import (
    ABSENT,
    EbId,
    Function,
    Message,
    Name,
    Names,
    Numbers,
    PbId,
    ScanTypeId,
    Schema,
)
from ska_sdp_lmc.messages.schema.flat import Dependency03, Window, Workflow03

__all__ = [
    "LENIENT",
    "SCAN_TYPE_LENIENT",
    "Assign04",
    "Assign10",
    "Release",
    "ScanType04",
    "is_polynomial",
]


class Beam(Schema):
    """Beam of the telescope and its function."""

    beam_id: Name
    function: Function
    visibility_beam_id: int = ABSENT
    search_beam_id: int = ABSENT
    timing_beam_id: int = ABSENT
    vlbi_beam_id: int = ABSENT


class BeamUse(Schema):
    """Definitions that a scan type uses for one beam."""

    field_id: Name = ABSENT
    channels_id: Name = ABSENT
    polarisations_id: Name = ABSENT


class ScanType04(Schema):
    """Scan type; an id that begins with ``.`` marks a template for ``derive_from``."""

    scan_type_id: ScanTypeId
    derive_from: Name = ABSENT
    beams: dict[str, BeamUse]


class SpectralWindow(Window):
    """Named range of channels; frequencies in Hz."""

    spectral_window_id: Name


class Channels(Schema):
    """Channels definition."""

    channels_id: Name
    spectral_windows: Annotated[list[SpectralWindow], Field(min_length=1)]


class Polarisations(Schema):
    """Polarisations definition: correlation products."""

    polarisations_id: Name
    corr_type: Names


class PhaseDir04(Schema):
    """Phase direction: polynomials of right ascension and declination in degrees.

    ``reference_time`` is often ``...`` in practice, so it is never parsed.
    """

    ra: Annotated[Numbers, Field(min_length=1)]
    dec: Annotated[Numbers, Field(min_length=1)]
    reference_time: str
    reference_frame: Name


def _one_of(*names: str) -> AfterValidator:
    def check(frame: str) -> str:
        if frame.lower() not in names:
            wanted = "should be icrs, altaz, galactic, special or tle"
            raise PydanticCustomError("frame", wanted)
        return frame

    return AfterValidator(check)


class Attrs(Schema):
    """Coordinates in degrees, with proper motion and other corrections."""

    c1: Annotated[float, Field(ge=0, lt=360)]
    c2: Annotated[float, Field(ge=-90, le=90)]
    pm_c1: float = ABSENT
    pm_c2: float = ABSENT
    epoch: float = ABSENT
    parallax: float = ABSENT
    radial_velocity: float = ABSENT


class Direction(Schema):
    """Phase direction given by coordinates."""

    target_name: Name
    reference_frame: Annotated[str, _one_of("icrs", "altaz", "galactic")]
    attrs: Attrs


class Body(Schema):
    """Phase direction given by the name of a solar system body."""

    target_name: Name
    reference_frame: str


class Elements(Schema):
    """Two-line orbital elements of a satellite."""

    line1: str
    line2: str


class Orbit(Schema):
    """Phase direction given by the orbital elements of a satellite."""

    target_name: Name
    reference_frame: str
    attrs: Elements


def is_polynomial(phase_dir: Any, default: bool) -> bool:
    """Return whether a phase direction has the form of schema 0.4, not that of 1.0.

    Clients send the direction of one version in messages of another, so the keys decide.

    Args:
        phase_dir: the direction, any JSON value.
        default: value to return if the keys fit both forms or neither.
    """
    keys = phase_dir.keys() if isinstance(phase_dir, dict) else set[str]()
    has_old, has_new = bool(keys & {"ra", "dec"}), bool(keys & {"target_name", "attrs"})
    return has_old if has_old != has_new else default


def _phase_dir_discriminator(default: bool) -> Discriminator:
    def form(value: Any) -> str:
        if is_polynomial(value, default):
            return "polynomial"
        frame = value.get("reference_frame") if isinstance(value, dict) else None
        name = frame.lower() if isinstance(frame, str) else ""
        return {"special": "body", "tle": "orbit"}.get(name, "direction")

    return Discriminator(form)


PhaseDir = (
    Annotated[PhaseDir04, Tag("polynomial")]
    | Annotated[Direction, Tag("direction")]
    | Annotated[Body, Tag("body")]
    | Annotated[Orbit, Tag("orbit")]
)


class Field04(Schema):
    """Field, schemas 0.4 and 0.5."""

    field_id: Name
    phase_dir: Annotated[PhaseDir, _phase_dir_discriminator(True)]
    pointing_fqdn: str = ABSENT


class Field10(Schema):
    """Field, from schema 1.0 on."""

    field_id: Name
    phase_dir: Annotated[PhaseDir, _phase_dir_discriminator(False)]
    pointing_fqdn: str = ABSENT


AnyField = TypeVar("AnyField", Field04, Field10)


class ExecutionBlock(Schema, Generic[AnyField]):
    """Execution block: the configuration of one observation."""

    eb_id: EbId
    max_length: Annotated[float, Field(ge=0)]
    context: dict[str, Any] = ABSENT
    beams: list[Beam]
    scan_types: list[ScanType04]
    channels: list[Channels]
    polarisations: list[Polarisations] = ABSENT
    fields: list[AnyField] = ABSENT


class ProcessingBlock(Schema):
    """Processing block: one run of a processing script."""

    pb_id: PbId
    script: Workflow03
    sbi_ids: Names = ABSENT
    parameters: dict[str, Any] = ABSENT
    dependencies: list[Dependency03] = ABSENT


class ExternalResources(Schema):
    """Externally managed resources."""

    csp_links: Annotated[list[int], FailFast()] = ABSENT
    receptors: Names = ABSENT
    receive_nodes: Annotated[int, Field(ge=1)] = ABSENT


class ExecutionBlock04(ExecutionBlock[Field04]):
    """Execution block, schemas 0.4 and 0.5."""


class ExecutionBlock10(ExecutionBlock[Field10]):
    """Execution block, from schema 1.0 on."""


AnyBlock = TypeVar("AnyBlock", ExecutionBlock04, ExecutionBlock10)


class Assign(Message, Generic[AnyBlock]):
    """Argument of AssignResources, from schema 0.4 on; requires one of its three parts."""

    execution_block: AnyBlock = ABSENT
    processing_blocks: list[ProcessingBlock] = ABSENT
    resources: ExternalResources = ABSENT


class Assign04(Assign[ExecutionBlock04]):
    """Argument of AssignResources, schemas 0.4 and 0.5; requires one of its three parts."""


class Assign10(Assign[ExecutionBlock10]):
    """Argument of AssignResources, from schema 1.0 on; requires one of its three parts."""


class Release(Message):
    """Argument of ReleaseResources, all versions."""

    resources: ExternalResources


SCAN_TYPE_LENIENT = Lenient(inside=(("beams", ANY, ANY),), absent=(("beams",),))
LENIENT = Lenient(
    inside=(
        *(
            ("execution_block", part, ANY, ANY)
            for part in ("beams", "channels", "polarisations", "fields")
        ),
        ("execution_block", "scan_types", ANY, "beams", ANY, ANY),
    ),
    absent=(
        *(("execution_block", part) for part in ("max_length", "beams", "scan_types", "channels")),
        ("execution_block", "scan_types", ANY, "beams"),
    ),
)
