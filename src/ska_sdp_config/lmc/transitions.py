"""The state machine of the subarray, as data (spec 4.2 and 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from ska_sdp_config.lmc import rejections
from ska_sdp_config.lmc.states import ObsState, State

__all__ = ["TRANSITIONS", "Pending", "Transition", "Wait", "check_allowed"]


class Wait(Enum):
    """What a pending state waits for (spec 4.4)."""

    RESOURCED = "resourced"
    CONFIGURED = "configured"


@dataclass(frozen=True, slots=True)
class Pending:
    """A state that lasts until the processing blocks have come along.

    Attributes:
        until: the condition that ends it.
        timeout: name of the setting that says how many seconds it may last.
    """

    until: Wait
    timeout: str


@dataclass(frozen=True, slots=True)
class Transition:
    """What a command does to the state of a subarray.

    Attributes:
        states: values of State in which it is allowed.
        obs_states: values of obsState in which it is allowed.
        target: obsState that it leads to.
        transient: obsState that is shown on the way, or None.
        pending: how long ``transient`` lasts; None when it takes no time.
        state: State that it leads to, None where it stays.
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
        # Leads to EMPTY when it leaves nothing assigned.
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
"""Every command of the subarray."""


def check_allowed(command: str, state: State, obs_state: ObsState) -> None:
    """Check that a command may be given now.

    Args:
        command: name of the command.
        state: the present State.
        obs_state: the present obsState.

    Raises:
        CommandRejected: it may not; State is looked at first (spec 4.3).
    """
    transition = TRANSITIONS[command]
    if state not in transition.states:
        raise rejections.STATE.rejection(command=command, state=state.name)
    if obs_state not in transition.obs_states:
        raise rejections.OBS_STATE.rejection(command=command, obs_state=obs_state.name)
