"""Execution blocks: the configuration of one observation."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AliasChoices, Field

from ska_sdp_config.entity.base import Entity, when_made
from ska_sdp_config.entity.common.ids import check_path_part

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
    # Before there were statuses, the subarray's obsState stood in their place (spec 2.1).
    return "ACTIVE" if status in _OBS_STATES else status


class ExecutionBlock(Entity):
    """One observation's configuration, and how far it has come (schema 3.1 of the seed).

    What was not given is not written: an execution block may be as good as empty.

    Attributes:
        key: its id, ``eb_id`` in what is stored.
        subarray_id: the subarray that it runs on, None when it is ended.
        max_length: the longest that it may last, in seconds.
        context: what the telescope manager says of it.
        beams: its beams.
        scan_types: its scan types.
        channels: its channel configurations.
        polarisations: its polarisation configurations.
        fields: its fields on the sky.
        resources: the resources that it uses.
        pb_realtime: ids of the processing blocks that run during the observation.
        pb_batch: ids of those that run after it.
        pb_receive_addresses: id of the processing block that gives the receive addresses.
        current_scan_type: the scan type that is configured, if one is.
        scan_id: the scan that is running, if one is.
        status: ACTIVE, FINISHED or CANCELLED.
        last_updated: when it was last written, UTC, as ``YYYY-MM-DD HH:MM:SS``; others have
            written seconds since 1970.
    """

    _stored_key: ClassVar[str | None] = "eb_id"
    _complete: ClassVar[bool] = False

    key: Annotated[str, AfterValidator(when_made(check_path_part))] = Field(
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
    status: Annotated[str, AfterValidator(_read_obs_state)] = "ACTIVE"
    last_updated: str | int | float = ""

    @property
    def eb_id(self) -> str:
        """The id, as the seed spells it."""
        return self.key
