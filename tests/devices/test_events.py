"""Events are pushed to those who listen, and for as long as they may."""

from __future__ import annotations

from typing import Any

import pytest
import tango

from ska_sdp_lmc.servers.events import Events

CHANGE, ALARM, ARCHIVE = (
    tango.EventType.CHANGE_EVENT,
    tango.EventType.ALARM_EVENT,
    tango.EventType.ARCHIVE_EVENT,
)


class Attribute:
    """What Tango knows of one attribute; clients subscribe to it by the test."""

    def __init__(self) -> None:
        self.subscribed: set[tango.EventType] = set()

    def get_name(self) -> str:
        return "scanID"

    def is_event_subscribed(self, kind: tango.EventType) -> bool:
        return kind in self.subscribed


class Device:
    """A device with that attribute, as Tango sees it."""

    def __init__(self) -> None:
        self.attribute = Attribute()
        self.pushed: list[tuple[str, int]] = []

    def get_name(self) -> str:
        return "test-sdp/subarray/01"

    def get_device_attr(self) -> Any:
        return self

    def get_attribute_list(self) -> list[Attribute]:
        return [self.attribute]

    def set_change_event(self, *_: object) -> None:
        """Events come from code."""

    set_archive_event = set_change_event

    def push_change_event(self, name: str, value: int, *_: object) -> None:
        self.pushed.append(("change", value))

    def push_archive_event(self, name: str, value: int, *_: object) -> None:
        self.pushed.append(("archive", value))


@pytest.mark.parametrize(
    ("subscribed", "pushed"),
    [
        ([], []),
        ([CHANGE], ["change"]),
        ([ALARM], ["change"]),
        ([ARCHIVE], ["archive"]),
        ([CHANGE, ALARM, ARCHIVE], ["change", "archive"]),
    ],
)
def test_who_has_subscribed_is_told(subscribed: list[tango.EventType], pushed: list[str]) -> None:
    device = Device()
    events = Events(device)
    device.attribute.subscribed = set(subscribed)
    events.push("scanID", 1, 0.0)
    assert device.pushed == [(kind, 1) for kind in pushed]


def test_who_is_not_counted_any_more_is_told_all_the_same() -> None:
    """Tango counts a subscription for ten minutes, and a client may fail to renew it."""
    device = Device()
    events = Events(device)
    device.attribute.subscribed = {CHANGE}
    events.push("scanID", 1, 0.0)
    device.attribute.subscribed = set()
    events.push("scanID", 2, 0.0)
    assert device.pushed == [("change", 1), ("change", 2)]


def test_what_tango_does_not_take_fails_no_command(caplog: pytest.LogCaptureFixture) -> None:
    """A command that pushes was carried out, and the other events are to come all the same."""

    class Refusing(Device):
        def push_change_event(self, name: str, value: int, *_: object) -> None:
            raise RuntimeError("Caught an unknown exception!")

    device = Refusing()
    events = Events(device)
    device.attribute.subscribed = {CHANGE, ARCHIVE}
    events.push("scanID", 1, 0.0)
    assert device.pushed == [("archive", 1)]
    assert "The event of scanID was not pushed" in caplog.text
    assert "Caught an unknown exception!" in caplog.text
