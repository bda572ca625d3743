"""The device and the command line show the same at each change of obsState."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.lmc.observe import read_snapshot
from ska_sdp_config.lmc.rows import SubarrayRow, subarray_row
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_config.lmc.times import iso
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_config.store.errors import DbRevision
from tests.e2e.rig import Observation, Rig
from tests.support.scripts import ARGUMENTS
from tests.support.waiting import wait_until

TRANSIENT = {each.transient.name for each in TRANSITIONS.values() if each.transient}
"""States that a device may publish before the final one of a command."""


def revision_of(config: Config) -> int:
    _, now = config.backend.get("/lmc/subarray/01")
    return now.revision


def row_at(config: Config, revision: int) -> SubarrayRow:
    """Return the row that ``ska-sdp status`` shows at a revision."""

    def read(paths: Iterable[str]) -> dict[str, str | None]:
        at = DbRevision(revision)
        return {path: config.backend.get(path, at)[0] for path in paths}

    return subarray_row(read_snapshot("01", revision, read), is_online=True)


def info_of(row: SubarrayRow) -> list[str]:
    return [
        f"{each.text}{f', since {iso(each.since)}' if each.since else ''}." for each in row.faults
    ]


class Faces:
    """Comparison of the device with the command line's derivation after each step."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._begun = revision_of(rig.config)
        self.compared: list[str] = []

    def compare(self, obs_state: str) -> None:
        """Wait for an obsState, and compare all that both show at its revision."""
        rig = self._rig
        rig.subarray.wait_for(obs_state)
        if obs_state not in ("RESOURCING", "CONFIGURING", "RESETTING"):
            wait_until(lambda: rig.entry["reached"], 30, "the end of the wait is stored")
        row = row_at(rig.config, revision_of(rig.config))
        derived = (row.obs_state.name, row.health, info_of(row), row.transaction_id)

        def published() -> tuple[Any, ...]:
            info = rig.subarray.read("healthInfo")
            return (
                rig.subarray.obs_state,
                HealthState(rig.subarray.read("healthState")),
                list(info or ()),
                rig.subarray.read("transactionID"),
            )

        wait_until(lambda: published() == derived, 30, f"{derived}, not {published()}")
        self.compared.append(obs_state)

    def compare_history(self) -> None:
        """Compare the obsStates derived at every revision with all that were published."""
        rig = self._rig
        rig.recorder.prove()
        derived = [
            row_at(rig.config, revision).obs_state.name
            for revision in range(self._begun, revision_of(rig.config) + 1)
        ]
        final = [
            now for before, now in zip([None, *derived], derived, strict=False) if now != before
        ]
        remaining: Iterator[Any] = iter(final[1:])
        expected = next(remaining, None)
        for each in rig.recorder.of("obsState"):
            if each == expected:
                expected = next(remaining, None)
            else:
                assert each in TRANSIENT, f"{each} was published, and {expected} is derived"
        assert expected is None


def run_into_fault(observation: Observation, faces: Faces) -> None:
    faces.compare("RESOURCING")
    observation.resource()
    faces.compare("IDLE")
    observation.command("Configure", ARGUMENTS["Configure"])
    faces.compare("READY")
    observation.command("Scan", ARGUMENTS["Scan"])
    faces.compare("SCANNING")
    observation.write(status="FAILED", reason="no disk is left")
    faces.compare("FAULT")


def recover_by_obs_reset(observation: Observation, faces: Faces) -> None:
    run_into_fault(observation, faces)
    observation.command("ObsReset")
    faces.compare("IDLE")


def abort_and_restart(observation: Observation, faces: Faces) -> None:
    faces.compare("RESOURCING")
    observation.resource(ready=False)
    faces.compare("IDLE")
    observation.command("Configure", ARGUMENTS["Configure"])
    faces.compare("CONFIGURING")
    observation.command("Abort")
    faces.compare("ABORTED")
    observation.command("Restart")
    faces.compare("EMPTY")


def fault_and_restart(observation: Observation, faces: Faces) -> None:
    run_into_fault(observation, faces)
    observation.command("Restart")
    faces.compare("EMPTY")


def time_out(observation: Observation, faces: Faces) -> None:
    faces.compare("RESOURCING")
    # Its server writes the expired timeout to the entry.
    observation.rig.make_late()
    observation.rig.subarray.wait_for("FAULT")
    wait_until(lambda: observation.rig.entry["errors"], 30, "the timeout is stored")
    observation.command("Restart")
    faces.compare("EMPTY")


@pytest.mark.long
@pytest.mark.parametrize(
    "course",
    [recover_by_obs_reset, abort_and_restart, fault_and_restart, time_out],
    ids=lambda each: each.__name__,
)
def test_device_and_command_line_show_the_same(
    rig: Rig, course: Callable[[Observation, Faces], None]
) -> None:
    rig.recorder.clear()
    faces = Faces(rig)
    course(Observation(rig), faces)
    faces.compare_history()
    assert faces.compared
