"""JSON Schema files of all messages, generated from the pydantic models.

``python -m docs.generate.schemas`` writes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from ska_sdp_config.lmc.receive_addresses import Addresses, BeamAddresses
from ska_sdp_config.lmc.schema.types import ABSENT, Schema
from ska_sdp_config.lmc.schema.versions import KNOWN, Version
from ska_sdp_lmc.messages.schema import commands, flat, nested

__all__ = ["DIRECTORY", "MESSAGES", "files", "schema"]

DIRECTORY = Path(__file__).parents[1] / "reference/schemas"

MESSAGES: Mapping[str, str] = {
    "AssignResources": "assignres",
    "ReleaseResources": "releaseres",
    "Configure": "configure",
    "Scan": "scan",
    "receiveAddresses": "recvaddrs",
}
"""Name in interfaces by command or attribute."""


class _AddressesByScanType(Schema):
    """Receive addresses by scan type ID, schemas 0.1 to 0.3."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Addresses]

    interface: str = Field(ABSENT, description="schema and version")


class _AddressesByBeam(_AddressesByScanType):
    """Receive addresses by scan type ID, then by beam ID, from schema 0.4 on."""

    __pydantic_extra__: dict[str, dict[str, BeamAddresses]]  # type: ignore[assignment]


def _configure(scan_type: Any) -> type[BaseModel]:
    """Return the model of Configure with the form of new scan types."""
    return create_model(
        "Configure",
        __base__=commands.Configure,
        __doc__="Argument of Configure.",
        new_scan_types=(
            list[scan_type],
            commands.Configure.model_fields["new_scan_types"],
        ),
    )


_MODELS: Mapping[str, Mapping[Version, type[BaseModel]]] = {
    "assignres": {
        Version(0, 1): flat.Assign02,
        Version(0, 3): flat.Assign03,
        Version(0, 4): nested.Assign04,
        Version(1, 0): nested.Assign10,
    },
    "releaseres": {Version(0, 1): nested.Release},
    "configure": {
        Version(0, 1): _configure(flat.ScanType02),
        Version(0, 3): _configure(flat.ScanType03),
        Version(0, 4): _configure(nested.ScanType04 | flat.ScanType03 | flat.ScanType02),
    },
    "scan": {
        Version(0, 1): commands.Scan02,
        Version(0, 3): commands.Scan03,
        Version(2, 1): commands.Scan21,
    },
    "recvaddrs": {Version(0, 1): _AddressesByScanType, Version(0, 4): _AddressesByBeam},
}
"""Model by name and by the first version that has it."""


def schema(name: str, version: Version) -> dict[str, Any]:
    """Return the JSON Schema of a message.

    Args:
        name: name in interfaces, such as ``assignres``.
        version: one of the known versions.
    """
    models = _MODELS[name]
    document = _without_null_defaults(
        models[max(first for first in models if first <= version)].model_json_schema()
    )
    if name == "assignres" and version >= (0, 4):
        document["anyOf"] = [
            _has("execution_block"),
            _has("resources"),
            _not_empty("processing_blocks"),
        ]
    if name == "releaseres":
        parts = [_has("receive_nodes"), _not_empty("csp_links"), _not_empty("receptors")]
        document["$defs"]["ExternalResources"]["anyOf"] = parts
    document["title"] = f"ska-sdp-{name} {version}"
    document["properties"]["interface"]["pattern"] = (
        rf"^https://schema\.(skao\.int|skatelescope\.org)/ska-sdp-{name}"
        rf"/{version.major}\.{version.minor}$"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://schema.skao.int/ska-sdp-{name}/{version}",
        **document,
    }


def _has(key: str) -> dict[str, Any]:
    return {"required": [key]}


def _not_empty(key: str) -> dict[str, Any]:
    return {**_has(key), "properties": {key: {"minItems": 1}}}


def _without_null_defaults(value: Any) -> Any:
    """Remove the default of optional fields, as null is not valid for them."""
    if isinstance(value, dict):
        return {
            key: _without_null_defaults(item)
            for key, item in value.items()
            if not (key == "default" and item is None)
        }
    return [_without_null_defaults(item) for item in value] if isinstance(value, list) else value


def files() -> dict[str, str]:
    """Return the text of each schema file by its name."""
    return {
        f"{name}-{version}.json": json.dumps(schema(name, version), indent=2) + "\n"
        for name in MESSAGES.values()
        for version in KNOWN
    }


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for file_name, text in files().items():
        (DIRECTORY / file_name).write_text(text)
