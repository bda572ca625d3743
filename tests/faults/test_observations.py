"""Client that observes: its choices, and its observations on the stack."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.faults.clients.content import small
from tests.faults.clients.observations import SCANS, Progress, next_command
from tests.faults.clock import Clock
from tests.faults.database_log import DatabaseLog
from tests.faults.faults.parts import ClockStepped, part_faults
from tests.faults.history import Operation, of_kind, read_run
from tests.faults.population import Clients
from tests.faults.running import check_all
from tests.faults.stack import Stack
from tests.support.waiting import wait_until

WITHIN_S = 180.0
"""Time for an observation on a busy machine, in seconds."""

ACCEPTED = 20
"""Least number of accepted commands through two servers of one subarray."""

CONTENT = small()

BEGUN = Progress(CONTENT)
CONFIGURED = Progress(CONTENT, is_configured=True)
DONE = Progress(CONTENT, scans=SCANS)

NEXT = [
    (ObsState.EMPTY, None, "AssignResources"),
    (ObsState.IDLE, None, "ReleaseAllResources"),
    (ObsState.IDLE, BEGUN, "Configure"),
    (ObsState.IDLE, CONFIGURED, "Configure"),
    (ObsState.IDLE, DONE, "ReleaseAllResources"),
    (ObsState.READY, None, "End"),
    (ObsState.READY, BEGUN, "Configure"),
    (ObsState.READY, CONFIGURED, "Scan"),
    (ObsState.READY, DONE, "End"),
    (ObsState.SCANNING, None, "EndScan"),
    (ObsState.SCANNING, CONFIGURED, "EndScan"),
    (ObsState.ABORTED, CONFIGURED, "Restart"),
    (ObsState.FAULT, None, "Restart"),
    (ObsState.RESOURCING, BEGUN, None),
    (ObsState.CONFIGURING, CONFIGURED, None),
    (ObsState.ABORTING, None, None),
    (ObsState.RESETTING, None, None),
    (ObsState.RESTARTING, BEGUN, None),
]


@pytest.mark.parametrize(("obs_state", "progress", "command"), NEXT)
def test_next_command_is_allowed(
    obs_state: ObsState, progress: Progress | None, command: str | None
) -> None:
    assert next_command(obs_state, progress) == command
    assert command is None or obs_state in TRANSITIONS[command].obs_states


def test_each_obs_state_has_a_next_command_or_is_pending() -> None:
    assert {row[0] for row in NEXT} == set(ObsState)


def operations_of(directory: Path, kind: str) -> list[Operation]:
    return sorted(of_kind(read_run(directory), kind), key=lambda each: each.client)


def completed(directory: Path) -> list[Operation]:
    return operations_of(directory, "observation")


def accepted_by(directory: Path) -> list[str]:
    """Return the client of each accepted command."""
    commands = operations_of(directory, "command")
    return [each.client for each in commands if each.outcome == "ok"]


def is_shown_by_both(directory: Path) -> bool:
    """Return whether the last values of two subscribers are the same."""
    last: dict[str, dict[str, object]] = {}
    for event in of_kind(read_run(directory), "event"):
        details = event.details
        last.setdefault(event.client, {})[details["attribute"]] = details["value"]
    first, second = last.values()
    return first == second


def check(operations: list[Operation], log: DatabaseLog) -> None:
    """Check all operations, and that each observation consists of accepted commands."""
    assert check_all(operations, log.read(), limit_s=10) == []
    accepted = {
        (each.client, each.details["command"])
        for each in of_kind(operations, "command")
        if each.outcome == "ok"
    }
    for each in of_kind(operations, "observation"):
        assert each.details["scans"] == SCANS
        assert (each.client, "EndScan") in accepted


@pytest.mark.long
def test_observations_of_all_subarrays_are_completed(
    stack: Stack, log: DatabaseLog, tmp_path: Path
) -> None:
    with Clients(tmp_path, stack.environment) as clients:
        for trls in stack.trls.values():
            clients.start("observations", f"--device={trls[-1]}", "--pause=0.1")
        wait_until(
            lambda: {each.details["subarray"] for each in completed(tmp_path)} == set(stack.trls),
            WITHIN_S,
            "an observation of each subarray is completed",
        )
    check(read_run(tmp_path), log)


@pytest.mark.long
def test_commands_through_both_servers_of_a_subarray_are_consistent(
    stack: Stack, log: DatabaseLog, tmp_path: Path
) -> None:
    with Clients(tmp_path, stack.environment) as clients:
        devices = [f"--device={trl}" for trl in stack.trls["04"]]
        observers = [clients.start("subscriber", device) for device in devices]
        wait_until(
            lambda: [each.client for each in operations_of(tmp_path, "subscribed")] == observers,
            WITHIN_S,
            "both are subscribed",
        )
        for device in devices:
            clients.start("commands", device, "--with-scripts", "--pause=0.1")
        wait_until(
            lambda: (
                len(set(accepted_by(tmp_path))) == len(devices)
                and len(accepted_by(tmp_path)) > ACCEPTED
            ),
            WITHIN_S,
            "commands through both servers were accepted",
        )
        clients.end("commands")
        wait_until(lambda: is_shown_by_both(tmp_path), WITHIN_S, "both show the same")
    check(read_run(tmp_path), log)


@pytest.mark.long
def test_observations_continue_after_faults_of_all_parts_and_steps_of_the_clock(
    stack: Stack, log: DatabaseLog, clock: Clock, tmp_path: Path
) -> None:
    chance = random.Random(2)
    with Clients(tmp_path, stack.environment) as clients:
        for trls in stack.trls.values():
            clients.start("observations", f"--device={trls[0]}", "--pause=0.3")
        for fault in [ClockStepped(clock, chance), *part_faults(stack, chance)]:
            # A part that was killed is started again only some time after the end of its fault.
            stack.wait_ready()
            before = len(completed(tmp_path))
            fault.begin()
            fault.end()
            wait_until(
                lambda before=before: len(completed(tmp_path)) > before,  # type: ignore[misc]
                WITHIN_S,
                f"an observation is completed after {fault.name}",
            )
    check(read_run(tmp_path), log)
