"""Settings of the devices that their states and attributes depend on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Expected", "ModelSettings"]


@dataclass(frozen=True, slots=True)
class Expected:
    """Valid values of a setting, for the error of an invalid one: ``seconds, e.g. 60``."""

    text: str


def _split(value: Any) -> Any:
    """Split a comma-separated text, or the lines of a device property, into names."""
    # PyTango has a list type of its own, which is not a list.
    lines = [value] if isinstance(value, str) else value
    if not isinstance(lines, Iterable):
        return value
    names = [name.strip() for line in lines for name in str(line).split(",")]
    # The Tango database stores no empty property: 'none' is the empty list.
    return tuple(name for name in names if name and name != "none")


Names = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,96}$")], ...],
    BeforeValidator(_split),
    Expected("names of letters, digits, '_', '.' and '-', e.g. proccontrol,helmdeploy; or none"),
]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False), Expected("seconds, e.g. 60")]


class ModelSettings(BaseModel):
    """Settings that the states and attributes of the devices depend on.

    Attributes:
        timeout_assign_resources: timeout of RESOURCING and RESETTING in s, 0 for none.
        timeout_configure: timeout of CONFIGURING in s, 0 for none.
        required_components: components without which no processing block is accepted.
        receive_scripts: regular expression for the scripts that give receive addresses.
        components: components that the controller expects.
        storage_key: path of the resource that is the capacity buffer; empty for the first one with
            ``capacity-buffer`` or ``storage`` in its path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout_assign_resources: Seconds = 60.0
    timeout_configure: Seconds = 60.0
    required_components: Names = ("proccontrol", "helmdeploy")
    receive_scripts: Annotated[re.Pattern[str], Expected("a regular expression, e.g. receive")] = (
        re.compile("receive")
    )
    components: Names = ("proccontrol", "helmdeploy")
    storage_key: Annotated[
        str,
        Field(pattern=r"^(/[A-Za-z0-9_.:-]+)*$"),
        Expected("a path, e.g. /resource/storage:capacity-buffer"),
    ] = ""
