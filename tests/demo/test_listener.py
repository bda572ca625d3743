"""Events of a device server, received by a subscriber process."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import tango

from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.listener import EventTimeoutError, Listener
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.programs import clean_environment
from ska_sdp_sim.stack.tango_db import TangoDatabase

NAME = "listener/test/1"

SERVER = """
from enum import IntEnum
from tango.server import Device, attribute, command

class Mood(IntEnum):
    CALM = 0
    MERRY = 1

class Lamp(Device):
    def init_device(self):
        super().init_device()
        for name in ("mood", "level"):
            self.set_change_event(name, True, False)
        self.value = Mood.CALM

    @attribute(dtype=Mood)
    def mood(self):
        return self.value

    @attribute(dtype=int)
    def level(self):
        return 7

    @command
    def Breathe(self):
        self.push_change_event("mood", self.value)
        self.push_change_event("level", 7)

    @command
    def Cheer(self):
        self.value = Mood.MERRY
        self.push_change_event("mood", self.value)
        self.push_change_event("level", 8)

Lamp.run_server(["1", "-ORBendPoint", "giop:tcp:127.0.0.1:0"])
"""


class Lamp(Part):
    def __init__(self, directory: Path, database: TangoDatabase) -> None:
        super().__init__("Lamp/1", directory / "lamp.log")
        self.database = database

    def command(self) -> list[str]:
        return [sys.executable, "-c", SERVER]

    def environment(self) -> dict[str, str]:
        return clean_environment(TANGO_HOST=self.database.tango_host)

    def is_ready(self) -> bool:
        try:
            return bool(self.device().ping() > 0)
        except tango.DevFailed:
            return False

    def device(self) -> tango.DeviceProxy:
        return tango.DeviceProxy(f"tango://{self.database.tango_host}/{NAME}")


@pytest.fixture
def lamp(tango_db: TangoDatabase, tmp_path: Path) -> Iterator[tango.DeviceProxy]:
    register(tango_db.connect(), [Registration("Lamp/1", "Lamp", NAME, {})])
    with Lamp(tmp_path, tango_db) as server:
        yield server.device()


def wait_for_event_flow(lamp: tango.DeviceProxy, listener: Listener) -> None:
    """Wait for the first events: Tango can lose those sent right after a subscription."""
    end = time.monotonic() + 30
    while True:
        lamp.Breathe()
        try:
            listener.wait_for(flowing, timeout=0.2)
        except EventTimeoutError:
            assert time.monotonic() < end
        else:
            return


def flowing(events: Sequence[Event]) -> bool:
    return {event.attribute for event in events if not event.first} == {"mood", "level"}


def test_events_have_order_labels_and_latency(
    lamp: tango.DeviceProxy, tango_db: TangoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANGO_HOST", tango_db.tango_host)
    received: list[Event] = []
    with Listener({NAME: ["mood", "level"]}, received.append) as listener:
        listener.wait_ready()
        wait_for_event_flow(lamp, listener)
        lamp.Cheer()
        listener.wait_for(lambda events: events[-1].value == 8, timeout=30)
        with pytest.raises(EventTimeoutError, match=r"not within 0\.1 s"):
            listener.wait_for(lambda events: events[-1].value != 8, timeout=0.1)
    values = [(event.attribute, event.value, event.first) for event in received]
    assert values[:2] == [("mood", "CALM", True), ("level", 7, True)]
    assert values[-2:] == [("mood", "MERRY", False), ("level", 8, False)]
    assert received == listener.events
    # In seconds of the same clock. Only the minimum: a loaded machine can delay single events.
    latencies = [event.latency for event in received[2:]]
    assert 0 <= min(latencies) < 1
    assert listener.close() == 0


def test_failed_subscription_is_reported(
    lamp: tango.DeviceProxy,
    tango_db: TangoDatabase,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert lamp.ping() > 0
    monkeypatch.setenv("TANGO_HOST", tango_db.tango_host)
    with Listener({NAME: ["mood", "absent"]}) as listener:
        with pytest.raises(EventTimeoutError, match="could not subscribe"):
            listener.wait_ready()
        assert listener.close() != 0
    assert "absent" in capfd.readouterr().err
