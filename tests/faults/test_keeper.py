"""Thread that keeps the processes of parts running."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from ska_sdp_sim.stack.part import Part
from tests.faults.keeper import CRASHES, Keeper
from tests.support.waiting import wait_until


class Sleeping(Part):
    """Part that does nothing.

    Attributes:
        ends: whether it ends by itself at the moment when it is to be killed.
    """

    ends = False

    def command(self) -> list[str]:
        return ["sleep", "600"]

    def is_ready(self) -> bool:
        return self.running

    def kill(self) -> None:
        if self.ends:
            self.process.signal(signal.SIGTERM)
            self.process.wait()
        super().kill()


@pytest.mark.parametrize("ends", [True, False])
def test_killed_part_stays_ended_unless_it_has_ended_by_itself(ends: bool, tmp_path: Path) -> None:
    part, other = (Sleeping(name, tmp_path / name) for name in ("part", "other"))
    part.ends = ends
    crashes = tmp_path / CRASHES
    with Keeper(crashes) as keeper:
        try:
            keeper.start(part)
            wait_until(lambda: part.running, what="it is started")
            before = part.process
            if ends:
                with pytest.raises(ProcessLookupError, match="SIGTERM"):
                    keeper.kill(part)
                wait_until(lambda: part.process is not before, what="it is started again")
                # At once, and not only at the end.
                assert json.loads(crashes.read_text()) == keeper.endings
            else:
                keeper.kill(part)
                keeper.start(other)
                # The thread starts the other one after a check of this one.
                wait_until(lambda: other.running, what="another one is started")
                assert part.process is before
        finally:
            for each in (part, other):
                keeper.release(each)
                each.stop()
    assert len(keeper.endings) == ends
    assert len(crashes.read_text().splitlines()) == ends


def test_part_that_has_ended_is_not_killed(tmp_path: Path) -> None:
    part = Sleeping("part", tmp_path / "part")
    with pytest.raises(ProcessLookupError, match="part has ended by itself"):
        Keeper().kill(part)


@pytest.mark.parametrize("is_released", [True, False])
def test_part_that_ends_after_the_last_check_is_reported(
    is_released: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Sleeping("part", tmp_path / "part")
    crashes = tmp_path / CRASHES
    with Keeper(crashes) as keeper:
        keeper.start(part)
        wait_until(lambda: part.running, what="it is started")
        # No further check before the end.
        monkeypatch.setattr(keeper, "_ensure", lambda _: None)
        part.process.signal(signal.SIGTERM)
        part.process.wait()
        if is_released:
            keeper.release(part)
    (found,) = keeper.endings
    assert "SIGTERM" in found
    assert json.loads(crashes.read_text()) == keeper.endings


class Handling(Part):
    """Part that handles SIGTERM.

    Args:
        directory: directory of its files.
        action: commands of the shell at SIGTERM; none keeps the default.
    """

    def __init__(self, directory: Path, action: str) -> None:
        super().__init__("part", directory / "part.log")
        self._action = action
        self._begun = directory / "begun"

    def command(self) -> list[str]:
        trap = f"trap '{self._action}' TERM" if self._action else ":"
        loop = "while :; do sleep 0.05; done"
        return ["sh", "-c", f"{trap}; touch {self._begun}; {loop}"]

    def is_ready(self) -> bool:
        return self._begun.exists()


@pytest.mark.parametrize(
    ("action", "report"),
    [
        ("", None),
        ("exit 0", None),
        ("exit 3", "part ended with exit code 3 after SIGTERM"),
        # As a part that does not end in time.
        ("kill -KILL $$", "part ended with exit code -9 (SIGKILL) after SIGTERM"),
        ("kill -SEGV $$", "part ended with exit code -11 (SIGSEGV) after SIGTERM"),
    ],
)
def test_crash_of_a_part_that_is_stopped_is_reported(
    action: str, report: str | None, tmp_path: Path
) -> None:
    part = Handling(tmp_path, action)
    crashes = tmp_path / CRASHES
    with Keeper(crashes) as keeper:
        keeper.start(part)
        try:
            wait_until(part.is_ready, what="it has begun")
        finally:
            keeper.stop([part])
    found = [each for line in crashes.read_text().splitlines() for each in json.loads(line)]
    assert found == keeper.endings
    assert [each.splitlines()[0].startswith(report or "none") for each in found] == (
        [True] if report else []
    )


def test_part_that_was_killed_before_is_not_reported_at_the_stop(tmp_path: Path) -> None:
    part = Sleeping("part", tmp_path / "part")
    with Keeper() as keeper:
        keeper.start(part)
        wait_until(lambda: part.running, what="it is started")
        keeper.kill(part)
        keeper.stop([part])
    assert keeper.endings == []


class Failing(Sleeping):
    """Part whose start, or whose check, raises an error.

    Attributes:
        is_checked: whether the check raises it.
    """

    is_checked = False

    def launch(self) -> None:
        raise RuntimeError("no port")

    @property
    def running(self) -> bool:
        if self.is_checked:
            raise RuntimeError("no status")
        return super().running


def test_part_that_cannot_be_started_is_reported_and_the_others_run(tmp_path: Path) -> None:
    failing, other = Failing("failing", tmp_path / "log"), Sleeping("other", tmp_path / "other")
    with Keeper(tmp_path / CRASHES) as keeper:
        for each in (failing, other):
            keeper.start(each)
        wait_until(lambda: other.running, what="the other one is started")
        keeper.stop([failing, other])
    assert set(keeper.endings) == {"failing could not be started: RuntimeError('no port')"}


def test_error_that_ends_the_thread_is_reported(tmp_path: Path) -> None:
    failing = Failing("failing", tmp_path / "log")
    failing.is_checked = True
    crashes = tmp_path / CRASHES
    with Keeper(crashes) as keeper:
        keeper.start(failing)
        wait_until(lambda: keeper.endings, what="the error is reported")
    (found,) = keeper.endings
    assert found.endswith("has ended: RuntimeError('no status')")
    assert json.loads(crashes.read_text()) == keeper.endings
