"""Entry of a subarray: its stored record at ``/lmc/subarray/NN``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from typing import Any, TypeGuard, TypeVar

from ska_sdp_config.lmc.states import AdminMode, Json, ObsState, State
from ska_sdp_config.lmc.times import command_time, read_time

__all__ = ["SUBARRAY", "Entry", "is_id", "read_name", "stored_name", "under_present_names"]

SUBARRAY = "subarray"
"""Key in ``errors`` of an error of the subarray itself."""

OLDER_NAMES = {"state_commanded": "state", "obs_state_commanded": "obs_state_target"}
"""Earlier names of stored fields, by their present names."""

_MILLISECONDS = "last_command_milliseconds"

_NO_RESOURCES: Json = {"csp_links": [], "receptors": [], "receive_nodes": 0}

_Enum = TypeVar("_Enum", bound=Enum)


def read_name(kind: type[_Enum], value: Any, default: _Enum) -> _Enum | None:
    """Return the member of an enumeration that a stored name gives, None if the name is invalid.

    Without a stored value this is the default of the field.
    """
    if value is None:
        return default
    return kind.__members__.get(value) if isinstance(value, str) else None


def stored_name(document: Json, name: str) -> str:
    """Return the name under which a stored entry has a field.

    Versions before 0.2 stored some fields under other names. Such a value counts if that of the
    present name is missing or null.
    """
    older = OLDER_NAMES.get(name)
    if older is None or document.get(name) is not None or document.get(older) is None:
        return name
    return older


def under_present_names(document: Json) -> Json:
    """Return a stored entry with each field under its present name."""
    renamed = {name: document[name] for name in document if name not in OLDER_NAMES.values()}
    for name in OLDER_NAMES:
        found = stored_name(document, name)
        if found in document:
            renamed[name] = document[found]
    return renamed


def is_id(value: Any) -> TypeGuard[str]:
    """Return whether a value is a single part of a path, so that it names no other entity."""
    return isinstance(value, str) and bool(value) and "/" not in value and _has_bytes(value)


def _has_bytes(text: str) -> bool:
    """Return whether a key can have a text: JSON can escape half a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _without_empty(resources: Json) -> Json:
    return {name: value for name, value in resources.items() if value or name not in _NO_RESOURCES}


@dataclass(frozen=True, slots=True)
class Entry:
    """Stored record of a subarray.

    Attributes:
        transaction_id: transaction ID of the last accepted command.
        last_command: name of the last accepted command.
        last_command_time: when it was accepted, UTC; stored in whole seconds.
        command_count: number of accepted commands.
        state_commanded: last commanded State.
        obs_state_commanded: last commanded obsState.
        reached: whether the wait of the last command is over.
        admin_mode: the device's adminMode.
        eb_id: ID of the linked execution block.
        resources: assigned resources; ``csp_links``, ``receptors`` and ``receive_nodes`` are
            stored also if they are empty.
        acknowledged: IDs of failed processing blocks that no longer cause FAULT.
        errors: causes of FAULT, by processing block ID or ``subarray``.
        settings: settings of the subarray's server as stored; see ``settings.read_settings``.
        extra: fields of other programs, which are kept.
        damage: the one of ``errors`` that names invalid fields, None if all are valid.
    """

    transaction_id: str | None = None
    last_command: str | None = None
    last_command_time: datetime | None = None
    command_count: int = 0
    state_commanded: State = State.OFF
    obs_state_commanded: ObsState = ObsState.EMPTY
    reached: bool = True
    admin_mode: AdminMode = AdminMode.ONLINE
    eb_id: str | None = None
    resources: Json = field(default_factory=dict)
    acknowledged: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    extra: Json = field(default_factory=dict)
    damage: str | None = None

    @classmethod
    def read(cls, document: Json | None) -> Entry:
        """Parse an entry, None for one that was never written.

        An invalid field has its default and is named in ``errors``: a damaged entry leads to
        FAULT, which Restart ends, and does not stop the device.
        """
        if document is None:
            return cls()
        stored, document = document, under_present_names(document)
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
                faults.append(stored_name(stored, name))
                return default
            return value

        time = read_time(document.get("last_command_time"))
        if time is None and document.get("last_command_time") is not None:
            faults.append("last_command_time")
        settings = document.get("settings")
        milliseconds = typed(_MILLISECONDS, int, None)
        if time is not None and milliseconds is not None:
            if not 0 <= milliseconds < 1000:
                faults.append(_MILLISECONDS)
            elif "." not in str(document["last_command_time"]):
                # Version 0.1 writes a fraction, and keeps the milliseconds of another command.
                time = time.replace(microsecond=1000 * milliseconds)
        entry = {
            "transaction_id": typed("transaction_id", str, None),
            "last_command": typed("last_command", str, None),
            "last_command_time": time,
            "command_count": typed("command_count", int, 0),
            "state_commanded": named("state_commanded", State, State.OFF),
            "obs_state_commanded": named("obs_state_commanded", ObsState, ObsState.EMPTY),
            # Without `reached` there is no wait to continue.
            "reached": typed("reached", bool, document.get("reached") is None),
            "admin_mode": named("admin_mode", AdminMode, AdminMode.ONLINE),
            "eb_id": typed("eb_id", str, None),
            "resources": _without_empty(typed("resources", dict, {})),
            "acknowledged": tuple(str(pb) for pb in typed("acknowledged", list, [])),
            # No cause of FAULT: the subarray's server replaces them.
            "settings": settings if isinstance(settings, dict) else {},
            "extra": {name: document[name] for name in document if name not in _FIELDS},
        }
        errors = {str(key): str(text) for key, text in typed("errors", dict, {}).items()}
        if entry["eb_id"] is not None and not is_id(entry["eb_id"]):
            entry["eb_id"] = None
            faults.append("eb_id")
        if faults:
            errors[SUBARRAY] = (
                f"The subarray's entry is corrupt: fix {', '.join(faults)}, or send Restart "
                "(after On, if State is OFF)."
            )
        return cls(**entry, errors=errors, damage=errors[SUBARRAY] if faults else None)

    def document(self) -> Json:
        """Return the stored form of the entry."""
        return {
            **self.extra,
            "transaction_id": self.transaction_id,
            "last_command": self.last_command,
            "last_command_time": self.last_command_time and command_time(self.last_command_time),
            _MILLISECONDS: self.last_command_milliseconds,
            "command_count": self.command_count,
            "state_commanded": self.state_commanded.name,
            "obs_state_commanded": self.obs_state_commanded.name,
            "reached": self.reached,
            "admin_mode": self.admin_mode.name,
            "eb_id": self.eb_id,
            # Displays read each of the three.
            "resources": {**_NO_RESOURCES, **self.resources},
            "acknowledged": list(self.acknowledged),
            # The written entry has no invalid fields.
            "errors": {
                key: text
                for key, text in self.errors.items()
                if key != SUBARRAY or text != self.damage
            },
            "settings": self.settings,
        }

    @property
    def last_command_milliseconds(self) -> int | None:
        """Milliseconds within the second of ``last_command_time``; timeouts count from both."""
        return (
            None if self.last_command_time is None else self.last_command_time.microsecond // 1000
        )

    @property
    def shown_state(self) -> State:
        """State of the device: the commanded one unless adminMode overrides it."""
        return self.state_commanded if self.admin_mode.enables else State.DISABLE


_FIELDS = frozenset(item.name for item in fields(Entry)) - {"extra", "damage"} | {_MILLISECONDS}
