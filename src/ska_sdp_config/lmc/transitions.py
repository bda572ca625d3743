"""State machine of the subarray, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from ska_sdp_config.lmc import rejections
from ska_sdp_config.lmc.states import AdminMode, ObsState, State

__all__ = [
    "TRANSITIONS",
    "Pending",
    "Transition",
    "Wait",
    "check_allowed",
    "commands_out_of_fault",
]


class Wait(Enum):
    """Condition that a pending state waits for."""

    RESOURCED = "resourced"
    CONFIGURED = "configured"


@dataclass(frozen=True, slots=True)
class Pending:
    """Pending state, which waits for the processing blocks.

    Attributes:
        until: condition that ends it.
        timeout: name of the setting with its timeout in s.
    """

    until: Wait
    timeout: str


@dataclass(frozen=True, slots=True)
class Transition:
    """Effect of a command on the state of a subarray.

    Attributes:
        states: values of State in which the command is allowed.
        obs_states: values of obsState in which the command is allowed.
        target: obsState after the command.
        transient: obsState published before the target, None if there is none.
        pending: wait in ``transient``, None if the target follows at once.
        state: State after the command, None if it does not change.
    """

    obs_states: frozenset[ObsState]
    target: ObsState
    transient: ObsState | None = None
    pending: Pending | None = None
    states: frozenset[State] = frozenset({State.ON})
    state: State | None = None


_EVERY = frozenset(ObsState)
_RESOURCED = Pending(Wait.RESOURCED, "timeout_assign_resources")
_CONFIGURED = Pending(Wait.CONFIGURED, "timeout_configure")


def _at(*obs_states: ObsState) -> frozenset[ObsState]:
    return frozenset(obs_states)


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "On": Transition(_EVERY, ObsState.EMPTY, states=frozenset({State.OFF}), state=State.ON),
        "Off": Transition(_EVERY, ObsState.EMPTY, state=State.OFF),
        "AssignResources": Transition(
            _at(ObsState.EMPTY, ObsState.IDLE),
            ObsState.IDLE,
            transient=ObsState.RESOURCING,
            pending=_RESOURCED,
        ),
        # The target is EMPTY if no resources remain.
        "ReleaseResources": Transition(
            _at(ObsState.IDLE), ObsState.IDLE, transient=ObsState.RESOURCING
        ),
        "ReleaseAllResources": Transition(
            _at(ObsState.IDLE), ObsState.EMPTY, transient=ObsState.RESOURCING
        ),
        "Configure": Transition(
            _at(ObsState.IDLE, ObsState.READY),
            ObsState.READY,
            transient=ObsState.CONFIGURING,
            pending=_CONFIGURED,
        ),
        "Scan": Transition(_at(ObsState.READY), ObsState.SCANNING),
        "EndScan": Transition(_at(ObsState.SCANNING), ObsState.READY),
        "End": Transition(_at(ObsState.READY), ObsState.IDLE),
        "Abort": Transition(
            _at(
                ObsState.IDLE,
                ObsState.RESOURCING,
                ObsState.CONFIGURING,
                ObsState.READY,
                ObsState.SCANNING,
                ObsState.RESETTING,
            ),
            ObsState.ABORTED,
            transient=ObsState.ABORTING,
        ),
        "ObsReset": Transition(
            _at(ObsState.ABORTED, ObsState.FAULT),
            ObsState.IDLE,
            transient=ObsState.RESETTING,
            pending=_RESOURCED,
        ),
        "Restart": Transition(
            _at(ObsState.ABORTED, ObsState.FAULT),
            ObsState.EMPTY,
            transient=ObsState.RESTARTING,
        ),
    }
)
"""Transition of each command of the subarray."""


def check_allowed(command: str, state: State, obs_state: ObsState, admin_mode: AdminMode) -> None:
    """Check that adminMode, State and obsState allow a command.

    Raises:
        CommandRejected: adminMode, State or obsState, in this order, does not allow it.
    """
    transition = TRANSITIONS[command]
    if not admin_mode.enables:
        raise rejections.DISABLED.rejection(command=command)
    # A subarray is ON or OFF. Others, which only another program stores, are ended by On.
    counted = state if state is State.ON else State.OFF
    if counted not in transition.states:
        allowed = ", ".join(each.name for each in State if each in transition.states)
        raise rejections.STATE.rejection(command=command, state=state.name, allowed=allowed)
    if obs_state not in transition.obs_states:
        allowed = ", ".join(each.name for each in ObsState if each in transition.obs_states)
        raise rejections.OBS_STATE.rejection(
            command=command, obs_state=obs_state.name, allowed=allowed
        )


def commands_out_of_fault() -> list[str]:
    """Return the commands that end FAULT, while State is ON and remains it."""
    return [
        command
        for command, transition in TRANSITIONS.items()
        if ObsState.FAULT in transition.obs_states and transition.state is None
    ]
