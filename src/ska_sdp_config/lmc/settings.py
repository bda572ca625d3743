"""Settings of the devices that their states and attributes depend on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

__all__ = ["Expected", "ModelSettings", "read_settings", "stored_settings"]

STORED = frozenset(
    {"required_components", "receive_scripts", "timeout_assign_resources", "timeout_configure"}
)
"""Settings that the state of a subarray depends on; its entry holds them."""

MAX_PATTERN_LENGTH = 1000
"""Maximum length of a regular expression in characters."""


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


def _compile(value: Any) -> Any:
    """Compile a regular expression; pydantic itself lets some of the errors pass."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_PATTERN_LENGTH:
        raise ValueError(f"it is longer than {MAX_PATTERN_LENGTH} characters")
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no regular expression: {error}") from error


Names = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,96}$")], ...],
    BeforeValidator(_split),
    Expected("names of letters, digits, '_', '.' and '-', e.g. proccontrol,helmdeploy; or none"),
]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False), Expected("seconds, e.g. 60")]

Pattern = Annotated[
    re.Pattern[str],
    BeforeValidator(_compile),
    Expected("a regular expression, e.g. receive"),
]


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
    receive_scripts: Pattern = re.compile("receive")
    components: Names = ("proccontrol", "helmdeploy")
    storage_key: Annotated[
        str,
        Field(pattern=r"^(/[A-Za-z0-9_.:-]+)*$"),
        Expected("a path, e.g. /resource/storage:capacity-buffer"),
    ] = ""


def stored_settings(settings: ModelSettings) -> dict[str, Any]:
    """Return the form in which the entry of a subarray holds the settings of its server."""
    return settings.model_dump(mode="json", include=set(STORED))


def read_settings(stored: Mapping[str, Any]) -> ModelSettings:
    """Return the settings that the entry of a subarray holds.

    A missing or invalid setting has its default, so that every entry has a derived state.
    """
    known = {name: value for name, value in stored.items() if name in STORED}
    try:
        return ModelSettings.model_validate(known)
    except ValidationError as error:
        invalid = {fault["loc"][0] for fault in error.errors()}
        return ModelSettings.model_validate(
            {name: value for name, value in known.items() if name not in invalid}
        )
