"""Reference of the settings, from the models that read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.generate.text import code, described, table

from ska_sdp_config.cli.program import ENVIRONMENT
from ska_sdp_config.drivers.etcd.settings import Settings as DatabaseSettings
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_lmc.runtime.settings import (
    ENVIRONMENT_PREFIX,
    OF_THE_PROCESS,
    Settings,
    property_name,
)

__all__ = ["database", "devices"]

_VARIABLE = re.compile(r"; *(SDP_CONFIG_[A-Z_]+)\.?$")


def devices() -> str:
    """Return the table of the device servers' settings."""
    meanings = described(ModelSettings) | described(Settings)
    rows = [
        [
            "none" if field in OF_THE_PROCESS else code(property_name(field)),
            code(ENVIRONMENT_PREFIX + field.upper()),
            code(_default(Settings.model_fields[field].default)),
            meanings[field],
        ]
        for field in Settings.model_fields
    ]
    return table(["property", "variable", "default", "meaning"], rows)


def database() -> str:
    """Return the table of the variables for the connection to the database."""
    head = ["variable", "argument of `Config`", "meaning"]
    return table(head, _database_rows())


def _database_rows() -> Iterator[list[str]]:
    about_backend = dict(ENVIRONMENT)["SDP_CONFIG_BACKEND"]
    yield [code("SDP_CONFIG_BACKEND"), code("backend"), about_backend]
    for argument, about in described(DatabaseSettings.load).items():
        found = _VARIABLE.search(about)
        if found is not None:
            yield [code(found[1]), code(argument), f"{about[: found.start()]}."]


def _default(value: object) -> str:
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    return ",".join(value) if isinstance(value, tuple) else str(value)
