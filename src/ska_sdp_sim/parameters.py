"""Parameters of a processing block that set the behaviour of its simulated script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, PositiveInt, ValidationError

FailAt = Literal["starting", "ready", "configuring", "scanning"]

_YEAR = 365 * 86400.0
_Seconds = Annotated[float, Field(ge=0, le=_YEAR, allow_inf_nan=False)]


class Parameters(BaseModel):
    """Behaviour of a simulated script, read from its processing block's parameters.

    Other parameters belong to the real script and are ignored.

    Attributes:
        time_to_resource: ``time-to-resource``, seconds until resources are available.
        time_to_ready: ``time-to-ready``, seconds after RUNNING until the deployments are ready.
        duration: seconds of processing. A realtime block ends with its execution block instead,
            if it has one.
        fail_at: ``fail-at``, the point at which the script fails.
        exception: the reason of that failure.
        channels_per_port: ``channels_per_port`` as in vis-receive, or with hyphens: number of
            channels received at one port.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    time_to_resource: _Seconds = Field(0.2, alias="time-to-resource")
    time_to_ready: _Seconds = Field(0.2, alias="time-to-ready")
    duration: _Seconds = 0.2
    fail_at: FailAt | None = Field(None, alias="fail-at")
    exception: str | None = None
    channels_per_port: PositiveInt = Field(
        1, validation_alias=AliasChoices("channels-per-port", "channels_per_port")
    )

    @classmethod
    def read(
        cls, given: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
    ) -> Parameters:
        """Read the parameters of a processing block; missing ones get their defaults.

        Raises:
            ValueError: invalid values; the message lists each.
        """
        try:
            return cls.model_validate({**(defaults or {}), **given})
        except ValidationError as error:
            raise ValueError(f"The parameters are not valid: {format_errors(error)}.") from None

    def failure(self, point: FailAt) -> str | None:
        """Return the reason of a failure at a point; None if the script does not fail there."""
        if self.fail_at != point:
            return None
        return self.exception or f"Failed at {point}, as requested by parameter fail-at"


def format_errors(error: ValidationError) -> str:
    """Format validation errors as one line of locations and messages."""
    return "; ".join(
        f"{'.'.join(str(part) for part in entry['loc']) or 'document'}: {entry['msg']}"
        for entry in error.errors(include_url=False, include_input=False)
    )
