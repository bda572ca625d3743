"""Tables of rejections, from the rules of the model."""

from __future__ import annotations

from docs.generate.text import code, table

from ska_sdp_config.lmc.controller import COMMANDS
from ska_sdp_config.lmc.rejections import RULES, CommandRejected, Reason, Rule
from ska_sdp_config.lmc.states import AdminMode, ObsState, State
from ska_sdp_config.lmc.transitions import TRANSITIONS, Transition, check_allowed
from ska_sdp_lmc.runtime.settings import Settings, property_name

__all__ = ["by_obs_state", "by_state", "rejections", "waits"]

ALLOWED = "✓"
REJECTED = "–"  # noqa: RUF001 - a dash


def by_obs_state() -> str:
    """Return the table of the subarray's commands by obsState."""
    rows = [
        [
            code(command),
            *(_cell(command, each) for each in ObsState),
            _state_of(command).name,
            _path(transition),
        ]
        for command, transition in TRANSITIONS.items()
    ]
    return table(["command", *(each.name for each in ObsState), "State", "leads to"], rows)


def by_state() -> str:
    """Return the table of the controller's commands by State."""
    states = tuple(COMMANDS.values())
    rows = [
        [code(command), *(REJECTED if state is target else target.name for state in states)]
        for command, target in COMMANDS.items()
    ]
    return table(["command", *(state.name for state in states)], rows)


def waits() -> str:
    """Return the table of the obsStates that wait for processing blocks."""
    rows = [
        [
            code(command),
            transition.transient.name,
            transition.pending.until.value,
            code(property_name(transition.pending.timeout)),
            f"{Settings.model_fields[transition.pending.timeout].default:g} s",
        ]
        for command, transition in TRANSITIONS.items()
        if transition.pending is not None and transition.transient is not None
    ]
    return table(["command", "obsState", "until all are", "timeout", "default"], rows)


def rejections() -> str:
    """Return the table of rejections in the order of their checks."""
    message = Rule(
        1,
        "{command}: {JSON path}: {fault}; …",
        "the argument is longer than 1 MiB, is no JSON object, or does not follow its schema: "
        "ten invalid fields are named, the others counted",
        ("AssignResources", "ReleaseResources", "Configure", "Scan"),
        Reason.FAILED,
    )
    rows = [
        [
            str(rule.step),
            ", ".join(map(code, rule.commands)) or "all",
            rule.words.replace("{", "*").replace("}", "*"),
            rule.broken,
            code(rule.reason.value),
        ]
        for rule in (message, *RULES)
    ]
    return table(["step", "commands", "text", "when", "reason"], rows)


def _cell(command: str, obs_state: ObsState) -> str:
    try:
        check_allowed(command, _state_of(command), obs_state, AdminMode.ONLINE)
    except CommandRejected:
        return REJECTED
    return ALLOWED


def _path(transition: Transition) -> str:
    transient = f"{transition.transient.name} → " if transition.transient else ""
    return f"{transient}{transition.target.name}"


def _state_of(command: str) -> State:
    """Return the only State in which a command is allowed."""
    (state,) = TRANSITIONS[command].states
    return state
