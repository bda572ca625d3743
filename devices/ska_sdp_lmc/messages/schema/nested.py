"""Schemas 0.4 to 2.1: an execution block of definitions that refer to each other by id.

Schema 1.0 changed the form of phase directions. Later versions are validated as 1.0.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, FailFast, Field, Tag
from pydantic_core import PydanticCustomError

from ska_sdp_config.lmc.schema.check import ANY, Lenient
from ska_sdp_config.lmc.schema.types import (
    ABSENT,
    Function,
    Message,
    Name,
    Names,
    Numbers,
    ScanTypeId,
    Schema,
    json_pattern,
)
from ska_sdp_lmc.messages.schema.flat import (
    Dependencies03,
    MaxLength,
    NewEbId,
    NewPbId,
    Parameters,
    Window,
    Workflow03,
)

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
    """Beam of the telescope."""

    beam_id: Name = Field(description="ID of the beam, to which scan types refer")
    function: Function = Field(description="use of its data")
    visibility_beam_id: int = Field(ABSENT, description="number of a visibility beam")
    search_beam_id: int = Field(ABSENT, description="number of a pulsar search beam")
    timing_beam_id: int = Field(ABSENT, description="number of a pulsar timing beam")
    vlbi_beam_id: int = Field(ABSENT, description="number of a VLBI beam")


class BeamUse(Schema):
    """Definitions that a scan type uses for one beam."""

    field_id: Name = Field(ABSENT, description="one of `fields`: where the beam points")
    channels_id: Name = Field(ABSENT, description="one of `channels`: its frequencies")
    polarisations_id: Name = Field(ABSENT, description="one of `polarisations`: its correlations")


class ScanType04(Schema):
    """Scan type: the setup of the beams for a kind of scan."""

    scan_type_id: ScanTypeId = Field(
        description="ID for Configure; one that begins with `.` is a template for `derive_from`"
    )
    derive_from: Name = Field(
        ABSENT, description="scan type with the definitions that this one does not set"
    )
    beams: dict[str, BeamUse] = Field(description="use of each beam, by `beam_id`")


class SpectralWindow(Window):
    """Named range of channels."""

    spectral_window_id: Name = Field(description="ID of the range, unique in its list")


class Channels(Schema):
    """Channels definition."""

    channels_id: Name = Field(description="ID of the definition, to which scan types refer")
    spectral_windows: list[SpectralWindow] = Field(min_length=1, description="ranges of channels")


class Polarisations(Schema):
    """Polarisations definition."""

    polarisations_id: Name = Field(description="ID of the definition, to which scan types refer")
    corr_type: Names = Field(description="correlation products, such as `XX`")


class PhaseDir04(Schema):
    """Phase direction given by polynomials."""

    ra: Numbers = Field(min_length=1, description="right ascension in °: coefficients in time")
    dec: Numbers = Field(min_length=1, description="declination in °: coefficients in time")
    # Often "..." in practice, so it is never parsed.
    reference_time: str = Field(description="time zero of the polynomials; any text")
    reference_frame: Name = Field(description="reference frame, such as `ICRF3`")


def _check_frame(frame: str) -> str:
    if frame.lower() not in ("icrs", "altaz", "galactic"):
        wanted = "should be icrs, altaz, galactic, special or tle"
        raise PydanticCustomError("frame", wanted)
    return frame


def _in_any_case(*names: str) -> str:
    """Return a regular expression for names in upper or lower case."""
    return "|".join("".join(f"[{x}{x.upper()}]" for x in name) for name in names)


class Attrs(Schema):
    """Coordinates, with proper motion and other corrections."""

    c1: float = Field(ge=0, lt=360, description="first coordinate in °, such as right ascension")
    c2: float = Field(ge=-90, le=90, description="second coordinate in °, such as declination")
    pm_c1: float = Field(ABSENT, description="proper motion of the first coordinate")
    pm_c2: float = Field(ABSENT, description="proper motion of the second coordinate")
    epoch: float = Field(ABSENT, description="epoch of the proper motion")
    parallax: float = Field(ABSENT, description="parallax")
    radial_velocity: float = Field(ABSENT, description="radial velocity")


class Direction(Schema):
    """Phase direction given by coordinates."""

    target_name: Name = Field(description="name of the target")
    reference_frame: Annotated[
        str,
        AfterValidator(_check_frame),
        json_pattern(f"({_in_any_case('icrs', 'altaz', 'galactic')})"),
    ] = Field(description="`icrs`, `altaz` or `galactic`, in any case of letters")
    attrs: Attrs = Field(description="coordinates")


class Body(Schema):
    """Phase direction given by the name of a solar system body."""

    target_name: Name = Field(description="name of the body, such as `Sun`")
    reference_frame: Annotated[str, json_pattern(_in_any_case("special"))] = Field(
        description="`special`, in any case of letters"
    )


class Elements(Schema):
    """Two-line orbital elements of a satellite."""

    line1: str = Field(description="first line")
    line2: str = Field(description="second line")


class Orbit(Schema):
    """Phase direction given by the orbital elements of a satellite."""

    target_name: Name = Field(description="name of the satellite")
    reference_frame: Annotated[str, json_pattern(_in_any_case("tle"))] = Field(
        description="`tle`, in any case of letters"
    )
    attrs: Elements = Field(description="orbital elements")


def is_polynomial(phase_dir: Any, default: bool) -> bool:
    """Return whether a phase direction has the form of schema 0.4, not that of 1.0.

    Clients send the direction of one version in messages of another, so the keys decide; if they
    fit both forms or neither, the default. The direction may be any JSON value.
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

    field_id: Name = Field(description="ID of the field, to which scan types refer")
    phase_dir: Annotated[PhaseDir, _phase_dir_discriminator(True)] = Field(
        description="phase direction; the form of schema 1.0 is accepted with a warning"
    )
    pointing_fqdn: str = Field(ABSENT, description="name of a Tango attribute with the pointing")


class Field10(Field04):
    """Field, from schema 1.0 on."""

    phase_dir: Annotated[PhaseDir, _phase_dir_discriminator(False)] = Field(
        description="phase direction; the form of schema 0.4 is accepted with a warning"
    )


class ExecutionBlock04(Schema):
    """Execution block: the configuration of one observation."""

    eb_id: NewEbId
    max_length: MaxLength
    context: dict[str, Any] = Field(ABSENT, description="any information for the scripts")
    beams: list[Beam] = Field(description="beams that scan types refer to")
    scan_types: list[ScanType04] = Field(
        # An empty list is an issue at strictness 2 only.
        json_schema_extra={"minItems": 1},
        description="scan types to choose from with Configure",
    )
    channels: list[Channels] = Field(description="channels that scan types refer to")
    polarisations: list[Polarisations] = Field(
        ABSENT, description="polarisations that scan types refer to"
    )
    fields: list[Field04] = Field(ABSENT, description="fields that scan types refer to")


class ExecutionBlock10(ExecutionBlock04):
    """Execution block: the configuration of one observation."""

    fields: list[Field10] = Field(  # type: ignore[assignment]
        ABSENT, description="fields that scan types refer to"
    )


class ProcessingBlock(Schema):
    """Processing block: one run of a processing script."""

    pb_id: NewPbId
    script: Workflow03 = Field(description="script to run")
    sbi_ids: Names = Field(ABSENT, description="IDs of the scheduling block instances it is for")
    parameters: Parameters = ABSENT
    dependencies: Dependencies03 = ABSENT


class ExternalResources(Schema):
    """Externally managed resources."""

    csp_links: Annotated[list[int], FailFast()] = Field(
        ABSENT, description="numbers of links from the correlator"
    )
    receptors: Names = Field(ABSENT, description="names of receptors")
    receive_nodes: int = Field(ABSENT, ge=1, description="number of nodes that receive data")


class Assign04(Message):
    """Argument of AssignResources; requires one of its three parts."""

    execution_block: ExecutionBlock04 = Field(
        ABSENT,
        description="new execution block; without it, the parts are added to the linked one",
    )
    processing_blocks: list[ProcessingBlock] = Field(
        ABSENT, description="processing blocks to start"
    )
    resources: ExternalResources = Field(
        ABSENT,
        description="resources to assign; a new execution block without them keeps those assigned",
    )


class Assign10(Assign04):
    """Argument of AssignResources; requires one of its three parts."""

    execution_block: ExecutionBlock10 = Field(
        ABSENT,
        description="new execution block; without it, the parts are added to the linked one",
    )


class Release(Message):
    """Argument of ReleaseResources, all versions."""

    resources: ExternalResources = Field(description="resources to release, at least one")


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
