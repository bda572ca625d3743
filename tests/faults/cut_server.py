"""Server of subarrays whose calls of Tango are cut: ``-m tests.faults.cut_server FILE 01``.

The file has one cut at a time: a test writes it, and the server deletes it when it makes the cut.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import tango
from tango.server import Device

from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.runtime import registration, tango_database, tango_database_proxy
from ska_sdp_lmc.runtime.publisher import TangoSink
from ska_sdp_lmc.runtime.server import run
from tests.faults.call_sites import Site
from tests.faults.cuts import Act, Cut, Cuts, Side, kill

__all__ = ["CUT", "write_cut"]

CLIENTS = ("Database", "DeviceProxy")
METHODS = ("command_inout", "create_connection", "get_device_class_list")

CUT = "cut by the test"
"""Text of the errors of calls that are cut."""

CHECK_INTERVAL_S = 0.1
"""Interval of the checks of the registration, in seconds."""


def write_cut(file: Path, cut: Cut, *, is_killed: bool) -> None:
    """Write a cut to the file of a server, which fails or is killed there."""
    written = file.with_suffix(".new")
    written.write_text(json.dumps([*cut, is_killed]))
    written.rename(file)


def fail_in_tango() -> NoReturn:
    """Fail as a call without an answer."""
    tango.Except.throw_exception("API_DeviceTimedOut", CUT, "cut_server")
    raise AssertionError("Tango raises")


def reset() -> NoReturn:
    """Fail as a connection that is reset."""
    raise ConnectionResetError(CUT)


class FileCuts(Cuts):
    """Cuts that are read from a file.

    Args:
        file: the file.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def _due(self, side: Side, method: str) -> Act | None:
        if not self.plan and self._file.exists():
            self.plan = [self._read()]
        act = super()._due(side, method)
        if act is not None:
            self._file.unlink()
        return act

    def _read(self) -> tuple[Cut, Act]:
        site, side, skip, is_killed = json.loads(self._file.read_text())
        cut = Cut(Site(*site), side, skip)
        if is_killed:
            return cut, kill
        return cut, reset if cut.site.call == "create_connection" else fail_in_tango

    def calling(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that can be cut."""

        def cut_call(*arguments: Any) -> Any:
            self.reach("before", method)
            answer = call(*arguments)
            self.reach("after", method)
            return answer

        return cut_call


class CutObject:
    """Module or client of Tango whose calls are cut."""

    def __init__(self, target: Any, cuts: FileCuts) -> None:
        self._target = target
        self._cuts = cuts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name in CLIENTS:
            connect = self._cuts.calling(name, found)
            return lambda *arguments: CutObject(connect(*arguments), self._cuts)
        return self._cuts.calling(name, found) if name in METHODS else found


def main() -> None:
    """Run the server until Tango ends it."""
    file, *arguments = sys.argv[1:]
    cuts = FileCuts(Path(file))
    for module in (registration, tango_database, tango_database_proxy):
        vars(module)["tango"] = CutObject(tango, cuts)
    vars(registration)["socket"] = CutObject(socket, cuts)
    registration.CHECK_INTERVAL_S = tango_database.POLL_INTERVAL_S = CHECK_INTERVAL_S
    for name in ("init_device", "get_device_properties"):
        setattr(Device, name, cuts.calling(name, getattr(Device, name)))
    create = TangoSink.__init__

    def create_cut(sink: TangoSink, device: Any) -> None:
        create(sink, device)
        vars(sink)["_pushes"] = [cuts.calling("push", each) for each in vars(sink)["_pushes"]]

    setattr(TangoSink, "__init__", create_cut)  # noqa: B010  # mypy forbids the assignment
    run(SDPSubarray, arguments)


if __name__ == "__main__":
    main()
