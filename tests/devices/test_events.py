"""Events of each kind, pushed from code."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from ska_sdp_lmc.runtime.publisher import TangoSink

KINDS = ("change", "archive", "alarm")


class Attribute:
    def get_name(self) -> str:
        return "scanID"


class Device:
    """A device, as ``TangoSink`` uses it; events of one kind can be rejected."""

    def __init__(self, rejected: str = "") -> None:
        self.declared: list[tuple[Any, ...]] = []
        self.pushed: list[tuple[Any, ...]] = []
        self._rejected = rejected
        for kind in KINDS:
            setattr(self, f"set_{kind}_event", partial(self._declare, kind))
            setattr(self, f"push_{kind}_event", partial(self._push, kind))

    def _declare(self, kind: str, *declared: object) -> None:
        self.declared.append((kind, *declared))

    def _push(self, kind: str, name: str, value: int, *_: object) -> None:
        if kind == self._rejected:
            raise RuntimeError("Caught an unknown exception!")
        self.pushed.append((kind, name, value))

    def get_name(self) -> str:
        return "test-sdp/subarray/01"

    def get_device_attr(self) -> Any:
        return self

    def get_attribute_list(self) -> list[Attribute]:
        return [Attribute()]


def test_events_of_every_kind_are_declared_and_pushed() -> None:
    device = Device()
    TangoSink(device).push("scanID", 1, 0.0)
    assert device.declared == [(kind, "scanID", True, False) for kind in KINDS]
    assert device.pushed == [(kind, "scanID", 1) for kind in KINDS]


@pytest.mark.parametrize("rejected", KINDS)
def test_failed_event_does_not_fail_command(
    rejected: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The command took effect, so the other events must still be pushed."""
    device = Device(rejected)
    TangoSink(device).push("scanID", 1, 0.0)
    assert device.pushed == [(kind, "scanID", 1) for kind in KINDS if kind != rejected]
    assert "The event of scanID was not pushed" in caplog.text
    assert "Caught an unknown exception!" in caplog.text
