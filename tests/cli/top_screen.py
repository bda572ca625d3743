"""``ska-sdp top`` without a terminal, and contents of the database for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from ska_sdp_config.backends import connect
from ska_sdp_config.cli.top.app import TopApp

EB = "eb-test-20260131-00000"
PB = "pb-test-20260131-00000"
REASON = "no disk is left"

TIMEOUT_S = 60.0

ENTRY: dict[str, Any] = {
    "transaction_id": "txn-test-20260131-a",
    "last_command": "Configure",
    "last_command_time": "2026-01-31T12:00:00+00:00",
    "command_count": 7,
    "state_commanded": "ON",
    "obs_state_commanded": "READY",
    "reached": True,
    "admin_mode": "ONLINE",
    "eb_id": EB,
    "settings": {"required_components": ["proccontrol"]},
}

OWNER = {"pid": 1, "hostname": "h", "command": ["c"]}
SCRIPT = {"kind": "realtime", "name": "vis-receive", "version": "1.0.0"}
READY = {
    "status": "RUNNING",
    "resources_available": True,
    "deployments_ready": True,
    "last_updated": "2026-01-31 11:59:00",
}
FAILED = READY | {"status": "FAILED", "reason": REASON}

OBSERVATION: dict[str, Any] = {
    "/component/lmc-controller/owner": OWNER,
    "/component/lmc-subarray-01/owner": OWNER,
    "/component/proccontrol/owner": OWNER,
    "/lmc/controller": {"state_commanded": "ON"},
    "/lmc/subarray/01": ENTRY,
    f"/eb/{EB}": {"eb_id": EB, "status": "ACTIVE", "pb_realtime": [PB], "pb_batch": []},
    f"/pb/{PB}": {"pb_id": PB, "eb_id": EB, "script": SCRIPT},
    f"/pb/{PB}/state": READY,
    f"/pb/{PB}/owner": OWNER,
    "/deploy/proc-a": {"kind": "helm", "args": {"chart": "receive"}},
    "/deploy/proc-a/state": {"num_pod": 1, "pods": {"a": "RUNNING"}},
    f"/flow/{PB}:data-product:vis": {"data_model": "Visibility"},
    f"/flow/{PB}:data-product:vis/state": {"status": "FLOWING"},
}
"""Subarray 01 in READY."""


def failed_subarray(
    subarray_id: str, *, reason: str = REASON, is_component_missing: bool = False
) -> dict[str, Any]:
    """Return the documents of a subarray whose block has failed, without a controller."""
    eb_id, pb_id = f"eb-test-20260131-000{subarray_id}", f"pb-test-20260131-000{subarray_id}"
    documents = {
        f"/component/lmc-subarray-{subarray_id}/owner": OWNER,
        f"/lmc/subarray/{subarray_id}": ENTRY | {"eb_id": eb_id},
        f"/eb/{eb_id}": {"status": "ACTIVE", "pb_realtime": [pb_id], "pb_batch": []},
        f"/pb/{pb_id}": {"pb_id": pb_id, "eb_id": eb_id, "script": SCRIPT},
        f"/pb/{pb_id}/state": FAILED | {"reason": reason},
    }
    if not is_component_missing:
        documents["/component/proccontrol/owner"] = OWNER
    return documents


class Screen:
    """The screen of the program.

    Args:
        pilot: presses keys.
    """

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self.app: TopApp = pilot.app  # type: ignore[assignment]

    @property
    def lines(self) -> list[str]:
        """Lines of the screen, without the spaces at their ends."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def faults(self) -> str:
        """Lines on faults as they were written last, which the next frame shows."""
        return self.app._written["faults"].plain

    async def press(self, *keys: str) -> None:
        """Press keys, by textual's names."""
        await self._pilot.press(*keys)

    async def wait_for(self, *texts: str, absent: str = "\0") -> None:
        """Wait until all texts are on the screen, and one is not."""
        end = time.monotonic() + TIMEOUT_S
        while not all(text in self.text for text in texts) or absent in self.text:
            if time.monotonic() > end:
                wanted = f"{texts!r} without {absent!r}"
                raise AssertionError(f"no {wanted} on the screen:\n{self.text}")
            await self._pilot.pause(0.02)


def run_top(
    address: tuple[str, int],
    act: Callable[[Screen], Awaitable[None]],
    *,
    prefix: str = "",
    size: tuple[int, int] = (80, 24),
) -> TopApp:
    """Run the program without a terminal until a function has returned; return it."""

    async def run(app: TopApp) -> None:
        async with app.run_test(size=size) as pilot:
            await act(Screen(pilot))

    host, port = address
    with connect("etcd3", host=host, port=port) as backend:
        app = TopApp(backend, prefix)
        asyncio.run(run(app))
    return app
