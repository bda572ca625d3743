"""The objects that commands speak of, and where they stand in the database."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OBJECTS", "PB", "SCRIPT", "SdpObject"]


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


PB = SdpObject(
    "pb",
    "/pb/",
    "processing blocks",
    columns=("script.kind", "script.name", "script.version", "eb_id"),
)
SCRIPT = SdpObject(
    "script", "/script/", "script definitions", id_name="KIND:NAME:VERSION", columns=("image",)
)
OBJECTS = (
    PB,
    SCRIPT,
    SdpObject("deployment", "/deploy/", "deployments", columns=("kind", "args.chart")),
    SdpObject("eb", "/eb/", "execution blocks", columns=("status", "subarray_id", "last_updated")),
    SdpObject(
        "controller",
        "/lmc/controller",
        "Tango controller device",
        columns=("last_command", "last_command_time"),
    ),
    SdpObject(
        "subarray",
        "/lmc/subarray/",
        "Tango subarray devices",
        columns=("obs_state_target", "eb_id", "last_command"),
    ),
    SdpObject("flow", "/flow/", "data flows", id_name="PB:KIND:NAME", columns=("data_model",)),
    SdpObject(
        "dependency",
        "/dependency/",
        "claims on the data of flows",
        id_name="PB:KIND:NAME:ORIGIN",
        columns=("description",),
    ),
    SdpObject(
        "component",
        "/component/",
        "components that are alive",
        id_name="NAME",
        columns=("hostname", "pid"),
        leaf="/owner",
    ),
)
