"""The parameters of a processing block that tell its simulator script how to behave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, PositiveInt, ValidationError

__all__ = ["FailAt", "Parameters", "faults_of"]

FailAt = Literal["starting", "ready", "configuring", "scanning"]

_YEAR = 365 * 86400.0
_Seconds = Annotated[float, Field(ge=0, le=_YEAR, allow_inf_nan=False)]


class Parameters(BaseModel):
    """What a simulator script reads of its processing block's parameters (spec 4.8).

    Parameters with other names belong to the real script and are passed over.

    Attributes:
        time_to_resource: ``time-to-resource``, seconds until resources are available.
        time_to_ready: ``time-to-ready``, seconds after RUNNING until the deployments are ready.
        duration: seconds of processing; a realtime block with an execution block ends with it
            instead.
        fail_at: ``fail-at``, the point at which the script fails.
        exception: the reason given then.
        channels_per_port: ``channels_per_port`` as vis-receive has it, or with hyphens: how many
            channels are received at one port.
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
        """Read the parameters of a processing block.

        Args:
            given: the processing block's own parameters.
            defaults: used for those not given, under the same names.

        Returns:
            The parameters, checked.

        Raises:
            ValueError: a value cannot be used; the text names each.
        """
        try:
            return cls.model_validate({**(defaults or {}), **given})
        except ValidationError as error:
            raise ValueError(f"The parameters are not valid: {faults_of(error)}.") from None

    def failure(self, point: FailAt) -> str | None:
        """Tell whether the script is to fail at a point.

        Args:
            point: the point that it has come to.

        Returns:
            The reason to give, or None if it goes on.
        """
        if self.fail_at != point:
            return None
        return self.exception or f"Failed at {point}, as parameter fail-at asks"


def faults_of(error: ValidationError) -> str:
    """Put the faults that a model found into one line: where, and what.

    Args:
        error: what the model raised.

    Returns:
        The faults, separated by semicolons.
    """
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'all of it'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    )
