"""Settings of the device servers: device properties, then environment variables, then defaults.

They are validated when a server starts and at Init. An error names the invalid setting.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from ska_sdp_config.lmc.settings import SubarraySettings
from ska_sdp_config.lmc.system import ControllerSettings

__all__ = ["PROPERTIES", "Settings", "SettingsError", "load", "property_name"]

ENVIRONMENT_PREFIX = "SDP_LMC_"


class SettingsError(ValueError):
    """Invalid setting; the text names it."""


def _split(value: Any) -> Any:
    """Split a comma-separated text, or the lines of a property, into names."""
    # PyTango has a list type of its own, which is not a list.
    lines = [value] if isinstance(value, str) else value
    if not isinstance(lines, Iterable):
        return value
    names = [name.strip() for line in lines for name in str(line).split(",")]
    # The Tango database stores no empty property: 'none' is the empty list.
    return tuple(name for name in names if name and name != "none")


def _ip_address(value: str) -> str:
    ipaddress.ip_address(value)
    return value


Names = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,96}$")], ...], BeforeValidator(_split)
]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Settings(BaseModel):
    """All settings of a device.

    Each is set by the device property of its name in CamelCase, or by the environment variable
    ``SDP_LMC_<NAME>``; settings of the whole process only by the variable.

    Attributes:
        timeout_assign_resources: timeout of RESOURCING and RESETTING in s, 0 for none.
        timeout_configure: timeout of CONFIGURING in s, 0 for none.
        timeout_database: timeout of a command's transaction in s.
        required_components: components without which no processing block is accepted.
        receive_scripts: regular expression for the scripts that give receive addresses.
        strictness: strictness of the validation of messages, 0 to 2.
        components: components that the controller expects.
        version_info: version of the SDP and its components, a JSON object.
        prefix: path before all paths of the system in the database, such as ``/test``.
        storage_key: path of the document that holds the capacity of the buffer.
        log_level: initial log level.
        log_format: ``ska`` for lines in the SKA format, ``json`` for one object per line.
        health_port: port of the HTTP endpoints ``/livez``, ``/readyz`` and ``/metrics``, 0 for
            none.
        health_address: IP address on which they listen, all interfaces by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout_assign_resources: Seconds = 60.0
    timeout_configure: Seconds = 60.0
    timeout_database: Annotated[float, Field(gt=0, le=3600)] = 2.0
    required_components: Names = ("proccontrol", "helmdeploy")
    receive_scripts: re.Pattern[str] = re.compile("receive")
    strictness: Annotated[int, Field(ge=0, le=2)] = 1
    components: Names = ("proccontrol", "helmdeploy")
    version_info: str = "{}"
    prefix: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.:-]+)*$")] = ""
    storage_key: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.:-]+)+$")] = (
        "/resource/capacity-buffer"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["ska", "json"] = "ska"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    health_address: Annotated[str, AfterValidator(_ip_address)] = "0.0.0.0"

    @field_validator("version_info")
    @classmethod
    def _is_json_object(cls, value: str) -> str:
        try:
            found = json.loads(value)
        except ValueError as error:
            raise ValueError(f"is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise ValueError("is no JSON object")  # noqa: TRY004 - pydantic wants ValueError
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    def of_subarray(self) -> SubarraySettings:
        """Return the settings of the subarray model."""
        return SubarraySettings(
            timeout_assign_resources=self.timeout_assign_resources,
            timeout_configure=self.timeout_configure,
            required_components=self.required_components,
            receive_scripts=self.receive_scripts,
        )

    def of_controller(self) -> ControllerSettings:
        """Return the settings of the controller model."""
        return ControllerSettings(
            components=self.components,
            storage_path=self.storage_key,
        )


def property_name(field: str) -> str:
    """Return the name of the device property that sets a field."""
    return "".join(word.capitalize() for word in field.split("_"))


def _variable_name(field: str) -> str:
    return ENVIRONMENT_PREFIX + field.upper()


OF_THE_PROCESS = frozenset({"log_format", "health_port", "health_address"})
"""Fields of the whole server process, which no device property sets."""

_LISTS = frozenset({"required_components", "components"})
"""Fields for which an empty environment variable is the empty list."""

PROPERTIES: Mapping[str, str] = {
    property_name(name): name for name in Settings.model_fields if name not in OF_THE_PROCESS
}
"""Field by the device property that sets it."""


def load(
    properties: Mapping[str, str | Iterable[str] | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read settings.

    A device property that is empty or ``None`` counts as not set, as Tango's property wizard
    offers these as defaults; so does an empty environment variable except for lists.

    Args:
        properties: values of device properties by name.
        environ: environment variables, those of the process by default.

    Raises:
        SettingsError: a value is invalid; names the property or variable, and the reason.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in Settings.model_fields:
        variable = _variable_name(field)
        if environ.get(variable) or (variable in environ and field in _LISTS):
            values[field] = environ[variable]
            sources[field] = f"environment variable {variable}"
        given = (properties or {}).get(property_name(field))
        if field not in OF_THE_PROCESS and not _is_unset(given):
            values[field] = given
            sources[field] = f"device property {property_name(field)}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, values, sources)) from error


def _is_unset(given: str | Iterable[str] | None) -> bool:
    """Return whether a device property counts as not set."""
    if given is None:
        return True
    lines = [given] if isinstance(given, str) else given
    return all(str(line).strip() in ("", "None") for line in lines)


def _explain(error: ValidationError, values: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    faults = []
    for fault in error.errors():
        field = str(fault["loc"][0])
        reason = fault["msg"].removeprefix("Value error, ")
        faults.append(f"The {sources[field]} cannot be {values[field]!r}: {reason}.")
    return " ".join(dict.fromkeys(faults))
