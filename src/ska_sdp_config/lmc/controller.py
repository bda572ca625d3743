"""Model of the controller: its entry and its commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.entry import read_name, under_present_names
from ska_sdp_config.lmc.snapshot import Writes
from ska_sdp_config.lmc.states import AdminMode, Json, State
from ska_sdp_config.lmc.times import command_time, read_time
from ska_sdp_config.lmc.view import View

__all__ = ["COMMANDS", "ControllerEntry", "apply_command", "set_admin_mode"]

COMMANDS: Mapping[str, State] = MappingProxyType(
    {
        "On": State.ON,
        "Standby": State.STANDBY,
        "Off": State.OFF,
        "Disable": State.DISABLE,
    }
)
"""Target State of each command; a command is rejected only in its target State."""


@dataclass(frozen=True, slots=True)
class ControllerEntry:
    """Stored record of the controller at ``/lmc/controller``.

    Attributes:
        transaction_id: transaction ID of the last accepted command.
        last_command: name of the last accepted command.
        last_command_time: when it was accepted, UTC.
        command_count: number of accepted commands.
        state_commanded: last commanded State.
        admin_mode: the device's adminMode.
        extra: fields of other programs, which are kept.
        damaged: invalid values of the entry's own fields, by name.
    """

    transaction_id: str | None = None
    last_command: str | None = None
    last_command_time: datetime | None = None
    command_count: int = 0
    state_commanded: State = State.STANDBY
    admin_mode: AdminMode = AdminMode.ONLINE
    extra: Json = field(default_factory=dict)
    damaged: Json = field(default_factory=dict)

    @classmethod
    def read(cls, document: Json | None) -> ControllerEntry:
        """Parse an entry; a missing or invalid field has its default."""
        found = under_present_names(document or {})
        fields: dict[str, Any] = {
            "transaction_id": _text(found.get("transaction_id")),
            "last_command": _text(found.get("last_command")),
            "last_command_time": read_time(found.get("last_command_time")),
            "command_count": _integer(found.get("command_count")),
            "state_commanded": read_name(State, found.get("state_commanded"), State.STANDBY),
            "admin_mode": read_name(AdminMode, found.get("admin_mode"), AdminMode.ONLINE),
        }
        valid = {name: value for name, value in fields.items() if value is not None}
        return cls(
            **valid,
            extra={name: found[name] for name in found if name not in fields},
            damaged={
                name: found[name]
                for name in fields
                if name not in valid and found.get(name) is not None
            },
        )

    def writes(self) -> Writes:
        """Return the writes that store the entry."""
        document = {
            **self.extra,
            "transaction_id": self.transaction_id,
            "last_command": self.last_command,
            "last_command_time": self.last_command_time and command_time(self.last_command_time),
            "command_count": self.command_count,
            "state_commanded": self.state_commanded.name,
            "admin_mode": self.admin_mode.name,
            **self.damaged,
        }
        return Writes({paths.CONTROLLER: document})

    @property
    def shown_state(self) -> State:
        """State of the device: the commanded one unless adminMode overrides it."""
        return self.state_commanded if self.admin_mode.enables else State.DISABLE

    def view(self, revision: int) -> View:
        """Return the attributes that depend on the entry alone."""
        return View(
            revision=revision,
            command_count=self.command_count,
            state=self.shown_state,
            admin_mode=self.admin_mode,
        )


def apply_command(
    command: str, entry: ControllerEntry, now: datetime, transaction_id: str
) -> ControllerEntry:
    """Decide a command of the controller: On, Standby, Off or Disable.

    Raises:
        CommandRejected: the controller is already in the target State, or adminMode allows no
            command.
    """
    target = COMMANDS[command]
    if not entry.admin_mode.enables:
        raise rejections.DISABLED.rejection(command=command)
    if entry.state_commanded is target:
        allowed = ", ".join(state.name for state in COMMANDS.values() if state is not target)
        raise rejections.STATE.rejection(command=command, state=target.name, allowed=allowed)
    return replace(
        entry,
        transaction_id=transaction_id,
        last_command=command,
        last_command_time=now,
        command_count=entry.command_count + 1,
        state_commanded=target,
        damaged={},
    )


def set_admin_mode(entry: ControllerEntry, mode: AdminMode) -> ControllerEntry:
    """Change adminMode and keep all other fields, including invalid ones."""
    damaged = {name: value for name, value in entry.damaged.items() if name != "admin_mode"}
    return replace(entry, admin_mode=mode, damaged=damaged)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
