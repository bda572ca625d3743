"""Execution blocks: the configuration of one observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AliasChoices, Field

from ska_sdp_config.entity.base import Entity, validate_unless_stored
from ska_sdp_config.entity.common.ids import BLOCK_ID, check_path_part

__all__ = ["ExecutionBlock"]

_OBS_STATES = frozenset(
    {
        "EMPTY",
        "RESOURCING",
        "IDLE",
        "CONFIGURING",
        "READY",
        "SCANNING",
        "ABORTING",
        "ABORTED",
        "RESETTING",
        "FAULT",
        "RESTARTING",
    }
)


def _read_obs_state(status: str) -> str:
    # Old releases stored the obsState of the subarray as the status.
    return "ACTIVE" if status in _OBS_STATES else status


class ExecutionBlock(Entity):
    """Configuration and progress of one observation.

    Fields that were not given are not written, so an execution block can be almost empty.

    Attributes:
        key: the id; stored as ``key`` and ``eb_id``, read under either.
        subarray_id: the subarray of the observation, None after its end.
        max_length: maximum duration in seconds.
        context: metadata from the telescope manager.
        beams: beams.
        scan_types: scan types.
        channels: channel configurations.
        polarisations: polarisation configurations.
        fields: fields on the sky.
        resources: resources in use.
        pb_realtime: ids of the processing blocks that run during the observation.
        pb_batch: ids of the processing blocks that run after it.
        pb_receive_addresses: id of the processing block that provides the receive addresses.
        current_scan_type: the configured scan type, or None.
        scan_id: the running scan, or None.
        scans: empty in new execution blocks; the scans are in the state.
        status: ACTIVE, FINISHED or CANCELLED.
        last_updated: time of the last write in UTC, ``YYYY-MM-DD HH:MM:SS``; old releases wrote
            seconds since 1970.
    """

    _stored_key: ClassVar[str | None] = "eb_id"
    _key_patterns: ClassVar[Mapping[str, str]] = {"key": BLOCK_ID}
    _complete: ClassVar[bool] = False

    key: Annotated[str, AfterValidator(validate_unless_stored(check_path_part))] = Field(
        validation_alias=AliasChoices("eb_id", "key")
    )
    subarray_id: str | None = None
    max_length: Annotated[float, Field(strict=True)] = 0.0
    context: dict[str, Any] = Field(default_factory=dict)
    beams: list[dict[str, Any]] = Field(default_factory=list)
    scan_types: list[dict[str, Any]] = Field(default_factory=list)
    channels: list[dict[str, Any]] = Field(default_factory=list)
    polarisations: list[dict[str, Any]] = Field(default_factory=list)
    fields: list[dict[str, Any]] = Field(default_factory=list)
    resources: dict[str, Any] = Field(default_factory=dict)
    pb_realtime: list[str] = Field(default_factory=list)
    pb_batch: list[str] = Field(default_factory=list)
    pb_receive_addresses: str | None = None
    current_scan_type: str | None = None
    scan_id: Annotated[int, Field(strict=True)] | None = None
    # Other programs have stored null or an object here.
    scans: Any = Field(default_factory=list)
    status: Annotated[str, AfterValidator(_read_obs_state)] = "ACTIVE"
    last_updated: str | int | float = ""

    @property
    def eb_id(self) -> str:
        """The id, by the name that release 0.5.0 uses."""
        return self.key
