"""Example messages of every schema in every version.

They are valid at every strictness. The assignments describe one low-frequency observation with
all kinds of beams; the other messages belong to it. A version that did not change the schema
has no file of its own: the example of the previous version is returned with its interface.
"""

from __future__ import annotations

import re
from importlib.resources import files

from ska_sdp_config.lmc.schema.versions import KNOWN, Version

__all__ = ["example", "example_names"]

_SCHEMAS = ("assignres", "configure", "recvaddrs", "releaseres", "scan")


def example_names() -> list[str]:
    """Return the names of all examples: ``assignres-0.4`` and so on."""
    return [f"{schema}-{version}" for schema in _SCHEMAS for version in KNOWN]


def example(name: str) -> str:
    """Return the JSON text of an example, given its schema and version, such as ``assignres-1.0``.

    Raises:
        KeyError: there is no such example.
    """
    if name not in example_names():
        raise KeyError(f"there is no example {name!r}, there are {', '.join(example_names())}")
    schema, _, version = name.partition("-")
    kept = _files_of(schema)
    wanted = _version(version)
    # The oldest file also serves the versions before it.
    nearest = max((each for each in kept if each <= wanted), default=min(kept))
    return kept[nearest].replace(f"ska-sdp-{schema}/{nearest}", f"ska-sdp-{schema}/{version}", 1)


def _files_of(schema: str) -> dict[Version, str]:
    names = {entry.name: entry for entry in files(__name__).iterdir()}
    found = {name: re.fullmatch(rf"{schema}-(.+)\.json", name) for name in names}
    return {
        _version(match[1]): names[name].read_text(encoding="utf-8")
        for name, match in found.items()
        if match
    }


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return Version(int(major), int(minor))
