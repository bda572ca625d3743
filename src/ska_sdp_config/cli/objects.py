"""The objects that commands speak of, and where they stand in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "COMPONENT",
    "CONTROLLER",
    "DEPENDENCY",
    "DEPLOYMENT",
    "EB",
    "FLOW",
    "OBJECTS",
    "PB",
    "PB_STATE",
    "SCRIPT",
    "SUBARRAY",
    "Place",
    "SdpObject",
    "place_of",
]


@dataclass(frozen=True, slots=True)
class SdpObject:
    """One kind of object.

    Attributes:
        name: what it is called on the command line.
        root: the path below which its instances are (spec 2.1); that of the only one if it does
            not end with a slash.
        about: what it is, in the plural, for help.
        id_name: what help calls the id of one.
        columns: fields of its value, dotted, that a table shows.
        leaf: the entry below its path that stands for one which has no value of its own.
    """

    name: str
    root: str
    about: str
    id_name: str = "ID"
    columns: tuple[str, ...] = ()
    leaf: str = ""

    @property
    def is_single(self) -> bool:
        """Whether there is only one of it, without an id."""
        return not self.root.endswith("/")

    def path(self, prefix: str, key: str = "") -> str:
        """Get the path of one, given what stands before all paths, and its id."""
        return f"{prefix}{self.root}{key}"

    @property
    def seek(self) -> str:
        """The command that lists them."""
        return f"ska-sdp list {self.name}"


PB = SdpObject(
    "pb",
    "/pb/",
    "processing blocks",
    columns=("script.kind", "script.name", "script.version", "eb_id"),
)
PB_STATE = SdpObject("pb-state", "/pb/", "states of processing blocks", leaf="/state")
SCRIPT = SdpObject(
    "script", "/script/", "script definitions", id_name="KIND:NAME:VERSION", columns=("image",)
)
DEPLOYMENT = SdpObject("deployment", "/deploy/", "deployments", columns=("kind", "args.chart"))
EB = SdpObject("eb", "/eb/", "execution blocks", columns=("status", "subarray_id", "last_updated"))
CONTROLLER = SdpObject(
    "controller",
    "/lmc/controller",
    "Tango controller device",
    columns=("last_command", "last_command_time"),
)
SUBARRAY = SdpObject(
    "subarray",
    "/lmc/subarray/",
    "Tango subarray devices",
    columns=("obs_state_target", "eb_id", "last_command"),
)
FLOW = SdpObject("flow", "/flow/", "data flows", id_name="PB:KIND:NAME", columns=("data_model",))
DEPENDENCY = SdpObject(
    "dependency",
    "/dependency/",
    "claims on the data of flows",
    id_name="PB:KIND:NAME:ORIGIN",
    columns=("description",),
)
COMPONENT = SdpObject(
    "component",
    "/component/",
    "components that are alive",
    id_name="NAME",
    columns=("hostname", "pid"),
    leaf="/owner",
)

OBJECTS = (PB, SCRIPT, DEPLOYMENT, EB, CONTROLLER, SUBARRAY, FLOW, DEPENDENCY, COMPONENT)
"""What there is to see; a state is an entry of its object."""


class Place(NamedTuple):
    """Where in the schema a path lies.

    Attributes:
        kind: the object whose path it is, or is below of.
        key: which one, nothing for the only one.
        part: the entry below the object, such as ``state``; nothing for its own value.
    """

    kind: SdpObject
    key: str
    part: str


def place_of(path: str, prefix: str = "") -> Place | None:
    """Tell what is at a path.

    Args:
        path: the whole path.
        prefix: what stands before the paths of objects.

    Returns:
        Its place, or None if the schema (spec 2.1) has none for it.
    """
    if not path.startswith(prefix):
        return None
    rest = path[len(prefix) :]
    for kind in OBJECTS:
        if kind.is_single and rest == kind.root:
            return Place(kind, "", "")
        if not kind.is_single and rest.startswith(kind.root):
            key, _, part = rest[len(kind.root) :].partition("/")
            return Place(kind, key, part)
    return None
