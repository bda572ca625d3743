"""States that do not continue, as the client that observes records them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tango

from ska_sdp_config.lmc.states import ObsState
from tests.faults.clients.observations import Observer
from tests.faults.history import HistoryWriter, Operation, of_kind, read_file
from tests.faults.limits import PATIENCE_S

PENDING = ("RESOURCING", "CONFIGURING", "RESETTING")
"""Pending obsStates that Abort ends."""


class Device:
    """Sender of commands to a device whose values are set, on a clock of its own."""

    subarray_id = "01"

    def __init__(self) -> None:
        self.now = 100.0
        self.state, self.obs_state = "ON", "EMPTY"
        self.responds = True
        self.sent: list[str] = []

    def __call__(self) -> float:
        return self.now

    @property
    def subarray(self) -> Any:
        if not self.responds:
            raise tango.DevFailed
        value = ObsState[self.obs_state] if self.obs_state else None
        proxy = SimpleNamespace(state=lambda: getattr(tango.DevState, self.state))
        return SimpleNamespace(proxy=proxy, read=lambda _: value)

    def send(self, command: str, _: object) -> Any:
        self.sent.append(command)
        return SimpleNamespace(outcome="failed")


class Observed:
    """Client that observes this device, and its history."""

    def __init__(self, file: Path, history: HistoryWriter) -> None:
        self.device = Device()
        self._file = file
        self._observer = Observer(
            self.device,  # type: ignore[arg-type]
            history,
            random.Random(1),
            self.device,
        )

    def look(self, state: str, obs_state: str, after_s: float = 0.0) -> None:
        """Let the client see these values after some seconds."""
        self.device.now += after_s
        self.device.state, self.device.obs_state = state, obs_state
        self._observer.step()

    def stuck(self) -> list[Operation]:
        return of_kind(read_file(self._file), "stuck")


@pytest.fixture
def observed(tmp_path: Path) -> Iterator[Observed]:
    file = tmp_path / "history"
    with HistoryWriter(file, "observations-1") as history:
        yield Observed(file, history)


@pytest.mark.parametrize(
    ("state", "obs_state"),
    [
        *(("ON", name) for name in (*PENDING, "ABORTING", "RESTARTING", "")),
        *((state, "READY") for state in ("INIT", "STANDBY", "DISABLE", "FAULT")),
    ],
)
def test_state_that_does_not_continue_is_recorded_once(
    observed: Observed, state: str, obs_state: str
) -> None:
    observed.look(state, obs_state)
    observed.look(state, obs_state, PATIENCE_S)
    assert observed.stuck() == []
    for _ in range(3):
        observed.look(state, obs_state, 1)
    (found,) = observed.stuck()
    shown = {"state": state, "obs_state": obs_state or None}
    assert found.details == {"subarray": "01", "since": 100.0, **shown}
    # Until one succeeds.
    is_abortable = state == "ON" and obs_state in PENDING
    assert observed.device.sent == ["Abort"] * (3 if is_abortable else 0)


@pytest.mark.parametrize("change", [("ON", "READY"), ("INIT", "CONFIGURING"), None])
def test_state_that_may_have_changed_is_not_recorded(
    observed: Observed, change: tuple[str, str] | None
) -> None:
    observed.look("ON", "CONFIGURING")
    observed.device.responds = change is not None
    observed.look(*(change or ("ON", "CONFIGURING")), after_s=PATIENCE_S)
    observed.device.responds = True
    observed.look("ON", "CONFIGURING", 1)
    assert observed.stuck() == []
    observed.look("ON", "CONFIGURING", PATIENCE_S + 1)
    assert [each.details["since"] for each in observed.stuck()] == [101.0 + PATIENCE_S]


@pytest.mark.parametrize(("state", "obs_state"), [("OFF", "EMPTY"), ("ON", "FAULT")])
def test_state_that_a_command_ends_is_not_stuck(
    observed: Observed, state: str, obs_state: str
) -> None:
    for _ in range(3):
        observed.look(state, obs_state, PATIENCE_S)
    assert observed.stuck() == []
    assert len(observed.device.sent) == 3
