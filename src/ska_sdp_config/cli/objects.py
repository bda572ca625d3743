"""Kinds of objects, and their paths in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "ALIASES",
    "ALLOCATION",
    "COMPONENT",
    "CONTROLLER",
    "DEPENDENCY",
    "DEPLOYMENT",
    "EB",
    "FLOW",
    "OBJECTS",
    "PB",
    "PB_STATE",
    "REQUEST",
    "RESOURCE",
    "SCRIPT",
    "STATES",
    "SUBARRAY",
    "SYSTEM",
    "Location",
    "SdpObject",
    "locate",
]


@dataclass(frozen=True, slots=True)
class SdpObject:
    """One kind of object.

    Attributes:
        name: its name on the command line.
        root: the path of the directory of its instances; without a slash at the end the path of
            the only instance.
        about: plural noun for help.
        id_name: placeholder of the ID in help.
        columns: dotted fields of the value that a table shows.
        leaf: the main entry below its path, for kinds without a value of their own.
        selectors: leading parts of the ID, each of which selects all objects that have it.
        creator: the command that creates the only instance; empty if objects are listed.
    """

    name: str
    root: str
    about: str
    id_name: str = "ID"
    columns: tuple[str, ...] = ()
    leaf: str = ""
    selectors: tuple[str, ...] = ()
    creator: str = ""

    @property
    def is_single(self) -> bool:
        """Whether there is only one of it, without an ID."""
        return not self.root.endswith("/")

    @property
    def is_state(self) -> bool:
        """Whether it is the state of another kind of object."""
        return self.leaf == "/state"

    def path(self, prefix: str, key: str = "") -> str:
        """Return the path of an instance, given the global prefix and its ID."""
        return f"{prefix}{self.root}{key}"

    def is_selected(self, path: str, word: str) -> bool:
        """Return whether a word selects the object to which a path belongs.

        Args:
            path: the path relative to the directory of the kind.
            word: the ID, its first parts, or one of the parts that select.
        """
        key = path.partition("/")[0]
        parts = key.split(":")
        return f"{key}:".startswith(f"{word}:") or word in parts[: len(self.selectors)]

    @property
    def hint(self) -> str:
        """The command to try if an object does not exist."""
        return self.creator or f"ska-sdp list {self.name}"


PB = SdpObject(
    "pb",
    "/pb/",
    "processing blocks",
    columns=("script.kind", "script.name", "script.version", "eb_id"),
)
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
    columns=("obs_state_commanded", "eb_id", "last_command"),
)
FLOW = SdpObject(
    "flow",
    "/flow/",
    "data flows",
    id_name="PB:KIND:NAME",
    columns=("data_model",),
    selectors=("PB", "KIND"),
)
DEPENDENCY = SdpObject(
    "dependency",
    "/dependency/",
    "claims on the data of flows",
    id_name="PB:KIND:NAME:ORIGIN",
    columns=("description",),
    selectors=("PB", "KIND"),
)
RESOURCE = SdpObject(
    "resource",
    "/resource/",
    "resources",
    id_name="KIND:NAME",
    columns=("quantity", "unit"),
    selectors=("KIND",),
)
REQUEST = SdpObject(
    "request",
    "/request/",
    "requests for resources",
    id_name="PB:NAME",
    columns=("resource", "quantity"),
    selectors=("PB",),
)
ALLOCATION = SdpObject(
    "allocation",
    "/allocation/",
    "allocations of resources",
    id_name="PB:NAME",
    columns=("resource", "request", "quantity"),
    selectors=("PB",),
)
COMPONENT = SdpObject(
    "component",
    "/component/",
    "components that are alive",
    id_name="NAME",
    columns=("hostname", "pid"),
    leaf="/owner",
)
SYSTEM = SdpObject(
    "system", "/system", "configuration of the system", creator="ska-sdp import system"
)

OBJECTS = (
    PB,
    SCRIPT,
    DEPLOYMENT,
    EB,
    CONTROLLER,
    SUBARRAY,
    FLOW,
    DEPENDENCY,
    RESOURCE,
    REQUEST,
    ALLOCATION,
    COMPONENT,
    SYSTEM,
)
"""All kinds; a state is an entry of its object."""


def _state(kind: SdpObject) -> SdpObject:
    about = f"states of {kind.about}"
    return SdpObject(f"{kind.name}-state", kind.root, about, kind.id_name, leaf="/state")


PB_STATE = _state(PB)
STATES = (PB_STATE, *map(_state, (EB, DEPLOYMENT, FLOW, RESOURCE)))
"""States that can be changed separately from their objects."""


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("cy") else f"{name}s"


ALIASES = {
    "deploy": DEPLOYMENT.name,
    **{_plural(kind.name): kind.name for kind in (*OBJECTS, *STATES)},
}
"""Names of objects that are accepted too, such as plurals; help and completion leave them out."""


class Location(NamedTuple):
    """Location of a path in the schema."""

    kind: SdpObject
    key: str
    """ID of the object, empty for the only instance."""
    part: str
    """Entry below the object, such as ``state``; empty for its own value."""


def locate(path: str, prefix: str = "") -> Location | None:
    """Return the location of a full path in the schema, None if it is not in the schema."""
    if not path.startswith(prefix):
        return None
    rest = path[len(prefix) :]
    for kind in OBJECTS:
        if kind.is_single and rest == kind.root:
            return Location(kind, "", "")
        if not kind.is_single and rest.startswith(kind.root):
            key, _, part = rest[len(kind.root) :].partition("/")
            return Location(kind, key, part)
    return None
