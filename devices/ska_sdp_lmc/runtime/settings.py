"""Settings of the device servers: device properties, then environment variables, then defaults.

They are validated when a server starts and at Init. An error names the invalid setting.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ska_sdp_config.lmc.settings import Expected, ModelSettings

__all__ = ["PROPERTIES", "Settings", "SettingsError", "load", "property_name"]

ENVIRONMENT_PREFIX = "SDP_LMC_"

_LISTS = frozenset({"required_components", "components"})
"""Fields for which an empty environment variable is the empty list."""


class SettingsError(ValueError):
    """Invalid setting; the text names it."""


def _ip_address(value: str) -> str:
    ipaddress.ip_address(value)
    return value


def _json_object(value: str) -> str:
    if not isinstance(json.loads(value), dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - pydantic converts ValueError
    return value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Settings(ModelSettings, BaseSettings):
    """All settings of a device.

    Each is set by the device property of its name in CamelCase, or by the environment variable
    ``SDP_LMC_<NAME>``; settings of the whole process only by the variable.

    Attributes:
        timeout_database: timeout of a command's transaction in s.
        strictness: strictness of the validation of messages, 0 to 2.
        version_info: version of the SDP and its components, a JSON object.
        prefix: path before all paths of the system in the database, such as ``/test``.
        log_level: initial log level.
        log_format: ``ska`` for lines in the SKA format, ``json`` for one object per line.
        health_port: port of the HTTP endpoints ``/livez``, ``/readyz`` and ``/metrics``, 0 for
            none.
        health_address: IP address on which they listen, all interfaces by default.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    timeout_database: Annotated[float, Field(gt=0, le=3600), Expected("seconds, e.g. 2")] = 2.0
    strictness: Annotated[int, Field(ge=0, le=2), Expected("0, 1 or 2")] = 1
    version_info: Annotated[
        str, AfterValidator(_json_object), Expected('a JSON object, e.g. {"version": "1.0"}')
    ] = "{}"
    prefix: Annotated[
        str, Field(pattern=r"^(/[A-Za-z0-9_.:-]+)*$"), Expected("a path, e.g. /test")
    ] = ""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(_upper),
        Expected("DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    ] = "INFO"
    log_format: Annotated[Literal["ska", "json"], Expected("ska or json")] = "ska"
    health_port: Annotated[int, Field(ge=0, le=65535), Expected("a port, e.g. 8080; or 0")] = 0
    health_address: Annotated[
        str, AfterValidator(_ip_address), Expected("an IP address, e.g. 127.0.0.1")
    ] = "0.0.0.0"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment by the exact names of the variables.

        The source of pydantic-settings ignores the case of names, so that a variable named in
        small letters would override the documented one.
        """
        found = {name: os.environ.get(_variable_name(name)) for name in settings_cls.model_fields}
        given = {name: value for name, value in found.items() if value is not None}
        return init_settings, InitSettingsSource(settings_cls, given)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_variables(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value != "" or name in _LISTS}


def _variable_name(field: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{field.upper()}"


def property_name(field: str) -> str:
    """Return the name of the device property that sets a field."""
    return "".join(word.capitalize() for word in field.split("_"))


OF_THE_PROCESS = frozenset({"log_format", "health_port", "health_address"})
"""Fields of the whole server process, which no device property sets."""

PROPERTIES: Mapping[str, str] = {
    property_name(name): name for name in Settings.model_fields if name not in OF_THE_PROCESS
}
"""Field by the device property that sets it."""


def load(properties: Mapping[str, str | Iterable[str] | None] | None = None) -> Settings:
    """Read settings from device properties and from the environment.

    A device property that is empty or ``None`` counts as not set, as Tango's property wizard
    offers these as defaults; so does an empty environment variable except for lists.

    Raises:
        SettingsError: a value is invalid; names the property or variable, and what is expected.
    """
    given: dict[str, Any] = {
        PROPERTIES[name]: value
        for name, value in (properties or {}).items()
        if name in PROPERTIES and not _is_unset(value)
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = [
            _explain(str(fault["loc"][0]), fault["input"], given) for fault in error.errors()
        ]
        raise SettingsError(" ".join(dict.fromkeys(faults))) from error


def _is_unset(value: str | Iterable[str] | None) -> bool:
    """Return whether a device property counts as not set."""
    if value is None:
        return True
    lines = [value] if isinstance(value, str) else value
    return all(str(line).strip() in ("", "None") for line in lines)


def _explain(field: str, value: Any, properties: Mapping[str, Any]) -> str:
    if field in properties:
        source = f"device property {property_name(field)}"
    else:
        source = f"environment variable {_variable_name(field)}"
    metadata = Settings.model_fields[field].metadata
    expected = next(each.text for each in metadata if isinstance(each, Expected))
    return f"Invalid value {value!r} for {source}: expected {expected}."
