"""The database stands still: errors in time, reads at once, and all is well when it goes on."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import tango

from tests.e2e.rig import Rig
from tests.e2e.scripts import assignment, new_id
from tests.e2e.subarray import Subarray
from tests.waiting import wait_until

OK, FAILED = 0, 2
SCAN_ID = 4711
ARGUMENTS = {
    "AssignResources": assignment("eb-e2e-20260131-99999", {}),
    "ReleaseResources": '{"resources": {"receptors": ["SKA001"]}}',
    "Configure": '{"scan_type": "science"}',
    "Scan": '{"scan_id": 1}',
}
COMMANDS = (
    "On", "Off", *ARGUMENTS, "ReleaseAllResources", "EndScan", "End", "Abort", "ObsReset",
    "Restart",
)  # fmt: skip


@dataclass
class Answered:
    """What clients were told, and after how many seconds.

    Attributes:
        begin: set when they are to begin.
    """

    begin: threading.Event = field(default_factory=threading.Event)
    errors: list[tango.DevError] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def give(self, subarray: Subarray, command: str) -> None:
        began = time.monotonic()
        try:
            subarray.command(command, ARGUMENTS.get(command))
        except tango.DevFailed as failed:
            self.errors.append(failed.args[0])
        self.seconds.append(time.monotonic() - began)


@contextmanager
def clients(rig: Rig) -> Iterator[Answered]:
    """Clients, more than eight, that give all commands in turn, once told to, while it lasts."""
    answered, over = Answered(), threading.Event()
    # None is to connect while the others wait already, and to be told at once what they were.
    connected = threading.Barrier(len(COMMANDS) + 1, timeout=60)

    def give(begin: int) -> None:
        client = Subarray(rig.subarray.trl)
        connected.wait()
        answered.begin.wait()
        number = begin
        while not over.wait(0.1):
            answered.give(client, COMMANDS[number % len(COMMANDS)])
            number += 1

    threads = [threading.Thread(target=give, args=(number,)) for number in range(len(COMMANDS))]
    for thread in threads:
        thread.start()
    try:
        connected.wait()
        yield answered
    finally:
        over.set()
        answered.begin.set()
        for thread in threads:
            thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def read_until(rig: Rig, holds: Callable[[], bool]) -> list[float]:
    """Read State and attributes until something holds; gives how many seconds each took."""
    end = time.monotonic() + 60
    took: list[float] = []
    while not took or not holds():
        assert time.monotonic() < end
        for name in ("State", "obsState", "ebID"):
            began = time.monotonic()
            if name == "State":
                rig.subarray.proxy.state()
            else:
                rig.subarray.read(name)
            took.append(time.monotonic() - began)
        time.sleep(0.005)
    return took


@pytest.fixture
def scanning(rig: Rig) -> Rig:
    """The subarray in a scan, of an execution block without processing blocks."""
    rig.subarray.command("On")
    rig.subarray.command("AssignResources", assignment(new_id("eb"), {}))
    rig.subarray.configure("science")
    rig.subarray.start_scan(SCAN_ID)
    return rig


@dataclass(frozen=True)
class Figures:
    """How long things took while the database stood still, in s.

    Attributes:
        failed: until healthState was FAILED.
        commands: how many commands waited for the database.
        command: the longest until a command was answered.
        read: nineteen of twenty reads.
        read_beside: the same while the commands of others wait.
    """

    failed: float
    commands: int
    command: float
    read: float
    read_beside: float


def are_kept(found: list[Figures]) -> bool:
    """Whether each bound was kept once: a busy machine may be late with one or the other."""
    return (
        any(each.failed <= 6 for each in found)
        # The first of each client: every command.
        and any(each.commands >= len(COMMANDS) and each.command < 3 for each in found)
        and any(each.read < 0.05 for each in found)
        and any(each.read_beside < 0.05 for each in found)
    )


@pytest.mark.long
def test_database_stands_still(scanning: Rig) -> None:
    rig, before = scanning, scanning.entry
    found: list[Figures] = []
    while len(found) < 5 and not are_kept(found):
        found.append(stand_still(rig))
        assert rig.entry == before
        assert (rig.subarray.obs_state, rig.subarray.read("scanID")) == ("SCANNING", SCAN_ID)
    print(found)  # noqa: T201 - for pytest -s
    assert are_kept(found), found
    rig.subarray.command("EndScan")
    assert rig.subarray.obs_state == "READY"


def stand_still(rig: Rig) -> Figures:
    """Stop the database, look at all there is to see, let it go on."""
    wait_until(lambda: health(rig) == OK)
    with clients(rig) as answered:
        rig.etcd.pause()
        stopped = time.monotonic()
        alone = read_until(rig, lambda: time.monotonic() - stopped > 0.3)
        answered.begin.set()
        busy = read_until(rig, lambda: health(rig) == FAILED)
        failed_after = time.monotonic() - stopped
    assert_kept(rig)
    rig.etcd.resume()
    rig.wait_for_database()
    wait_until(lambda: health(rig) == OK)
    waited = [seconds for seconds in answered.seconds if seconds > 0.5]
    assert len(answered.errors) == len(answered.seconds)
    for error in answered.errors:
        assert error.reason == "API_CommandFailed"
        assert "was not carried out" in error.desc
        assert rig.network.endpoint in error.desc
    longest = max(answered.seconds)
    return Figures(failed_after, len(waited), longest, most(alone), most(busy))


def most(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def assert_kept(rig: Rig) -> None:
    """See that the outage shows in the health, and nowhere else."""
    assert rig.network.endpoint in rig.subarray.read("healthInfo")[0]
    assert rig.subarray.proxy.state() == tango.DevState.ON
    for name in ("obsState", "scanID", "adminMode"):
        assert rig.subarray.proxy.read_attribute(name).quality == tango.AttrQuality.ATTR_VALID
    with pytest.raises(tango.DevFailed, match="adminMode was not carried out"):
        rig.subarray.proxy.write_attribute("adminMode", 2)
    assert rig.subarray.read("adminMode") == 0


def health(rig: Rig) -> int:
    return int(rig.subarray.read("healthState"))
