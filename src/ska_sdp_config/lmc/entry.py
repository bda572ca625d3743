"""The subarray's entry: what was commanded, as ``/lmc/subarray/NN`` holds it (spec 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from typing import Any, TypeGuard, TypeVar

from ska_sdp_config.lmc.states import AdminMode, Json, ObsState, State
from ska_sdp_config.lmc.times import iso, read_time

__all__ = ["SUBARRAY", "Entry", "is_id", "read_name"]

SUBARRAY = "subarray"
"""Key in ``errors`` of a fault that no single processing block stands for."""

_Enum = TypeVar("_Enum", bound=Enum)


def read_name(kind: type[_Enum], value: Any, default: _Enum) -> _Enum | None:
    """Read an enumeration's value that is stored by its name.

    Args:
        kind: the enumeration.
        value: what is stored; None stands for the default.
        default: the value of an entry that was never written.

    Returns:
        The value, None when there is none of that name.
    """
    if value is None:
        return default
    return kind.__members__.get(value) if isinstance(value, str) else None


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a value is one part of a path: what others wrote must lead to no other entity."""
    return isinstance(value, str) and bool(value) and "/" not in value


@dataclass(frozen=True, slots=True)
class Entry:
    """What was commanded to a subarray.

    Attributes:
        transaction_id: transaction id of the last accepted command.
        last_command: name of the last accepted command.
        last_command_time: when it was accepted, UTC.
        command_count: how many commands were accepted.
        state: State that was last commanded.
        obs_state_target: obsState that was last commanded.
        reached: whether the wait of the last command is over.
        admin_mode: the device's adminMode.
        eb_id: id of the linked execution block.
        resources: what is assigned, without empty parts.
        acknowledged: ids of failed processing blocks that cause no FAULT any more.
        errors: what put the subarray in FAULT, by processing block id or ``subarray``.
        extra: fields of other programs, kept.
        damage: the one of ``errors`` that says what of the entry cannot be read, if there is.
    """

    transaction_id: str | None = None
    last_command: str | None = None
    last_command_time: datetime | None = None
    command_count: int = 0
    state: State = State.OFF
    obs_state_target: ObsState = ObsState.EMPTY
    reached: bool = True
    admin_mode: AdminMode = AdminMode.ONLINE
    eb_id: str | None = None
    resources: Json = field(default_factory=dict)
    acknowledged: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    extra: Json = field(default_factory=dict)
    damage: str | None = None

    @classmethod
    def read(cls, document: Json | None) -> Entry:
        """Read an entry; None is one that was never written.

        What cannot be read is left at its first value and named in ``errors``: a damaged entry
        shows as FAULT, which Restart ends, and never stops the device.
        """
        if document is None:
            return cls()
        faults: list[str] = []

        def typed(name: str, kind: type | tuple[type, ...], default: Any) -> Any:
            value = document.get(name)
            if value is None:
                return default
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                faults.append(name)
                return default
            return value

        def named(name: str, kind: type[_Enum], default: _Enum) -> _Enum:
            value = read_name(kind, document.get(name), default)
            if value is None:
                faults.append(name)
                return default
            return value

        time = read_time(document.get("last_command_time"))
        if time is None and document.get("last_command_time") is not None:
            faults.append("last_command_time")
        entry = {
            "transaction_id": typed("transaction_id", str, None),
            "last_command": typed("last_command", str, None),
            "last_command_time": time,
            "command_count": typed("command_count", int, 0),
            "state": named("state", State, State.OFF),
            "obs_state_target": named("obs_state_target", ObsState, ObsState.EMPTY),
            "reached": typed("reached", bool, False),
            "admin_mode": named("admin_mode", AdminMode, AdminMode.ONLINE),
            "eb_id": typed("eb_id", str, None),
            "resources": typed("resources", dict, {}),
            "acknowledged": tuple(str(pb) for pb in typed("acknowledged", list, [])),
            "extra": {name: document[name] for name in document if name not in _FIELDS},
        }
        errors = {str(key): str(text) for key, text in typed("errors", dict, {}).items()}
        if entry["eb_id"] is not None and not is_id(entry["eb_id"]):
            entry["eb_id"] = None
            faults.append("eb_id")
        if faults:
            errors[SUBARRAY] = (
                f"The subarray's entry cannot be read: mend {', '.join(faults)}, or Restart "
                "(after On, if State is OFF)."
            )
        return cls(**entry, errors=errors, damage=errors[SUBARRAY] if faults else None)

    def document(self) -> Json:
        """Write the entry as the database holds it."""
        return {
            **self.extra,
            "transaction_id": self.transaction_id,
            "last_command": self.last_command,
            "last_command_time": self.last_command_time and iso(self.last_command_time),
            "command_count": self.command_count,
            "state": self.state.name,
            "obs_state_target": self.obs_state_target.name,
            "reached": self.reached,
            "admin_mode": self.admin_mode.name,
            "eb_id": self.eb_id,
            "resources": self.resources,
            "acknowledged": list(self.acknowledged),
            # That it could not be read is no longer so of what is written.
            "errors": {
                key: text
                for key, text in self.errors.items()
                if key != SUBARRAY or text != self.damage
            },
        }

    @property
    def shown_state(self) -> State:
        """The device's State: what was commanded, unless adminMode overrides it (spec 4.6)."""
        return self.state if self.admin_mode.enables else State.DISABLE


_FIELDS = frozenset(item.name for item in fields(Entry)) - {"extra", "damage"}
