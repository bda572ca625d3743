"""Kill a part of the stack during a scan, and compare the effects with the operators' guide."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tango
import yaml

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_sim.demo.content import Content, configure
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.part import Part
from tests.e2e.subarray import Subarray, answers, quick
from tests.services.health import ask, is_ready, reasons
from tests.support.waiting import wait_until

GUIDE = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "operations" / "killed.yaml").read_text()
)
STATEMENTS: dict[str, str] = GUIDE["statements"]
PARTS: dict[str, dict[str, Any]] = {each["part"]: each for each in GUIDE["parts"]}

MARIADB = "MariaDB, behind the Tango database of production"
"""Part that the local stack lacks."""

SCAN_ID = 17
KEPT = ("scanID", "scanType", "ebID", "receiveAddresses", "resources")


def check_guide(
    name: str, part: Part, stack: LocalStack, subarray: Subarray, config: Config
) -> None:
    """Kill a part during a scan, restart it, and check the statements of the guide.

    The stack has two subarrays and health endpoints. The given subarray is ON and EMPTY.
    """
    content = subarray.assign()
    subarray.configure(content.scan_types[0])
    subarray.start_scan(SCAN_ID)
    scene = Scene(stack, part, subarray, content, config)
    assert set(scene.checks) == set(STATEMENTS)
    part.kill()
    for word in PARTS[name]["meanwhile"]:
        wait_until(scene.checks[word], 30, f"{name} is killed: {STATEMENTS[word]}")
    scene.start()
    for word in PARTS[name]["afterwards"]:
        wait_until(scene.checks[word], 30, f"{name} is back: {STATEMENTS[word]}")


class Scene:
    """An observation in the scan ``SCAN_ID``, and the part to kill.

    Attributes:
        checks: check of each statement of the guide.
    """

    def __init__(
        self, stack: LocalStack, part: Part, subarray: Subarray, content: Content, config: Config
    ) -> None:
        self.stack = stack
        self.subarray = subarray
        self.content = content
        self.config = config
        self.part = part
        self.controller = tango.DeviceProxy(self._trl("test-sdp/control/0"))
        self.before = {name: subarray.read(name) for name in KEPT}
        self.checks: dict[str, Callable[[], object]] = {
            "values-stay": self.is_same_scan,
            "commands-rejected": self.rejects,
            "commands-work": self.obeys,
            "health-failed": lambda: self._have_health(HealthState.FAILED),
            "not-ready": self.is_not_ready,
            "subarray-gone": lambda: _is_gone(self.subarray.proxy),
            "controller-gone": lambda: _is_gone(self.controller),
            "no-answer": self.is_silent,
            "others-ready": lambda: all(map(is_ready, self._healths(others=True))),
            "all-ready": lambda: all(map(is_ready, self._healths())),
            "lookups-fail": lambda: not self.can_look_up(),
            "component-offline": lambda: self._status("lmc-subarray-01") == "OFFLINE",
            "processing-offline": self.lacks_processing,
            "blocks-rejected": self.rejects_blocks,
            "same-scan": self.is_same_scan,
            "healthy": lambda: self._have_health(HealthState.OK),
            "lookups-work": self.can_look_up,
            "goes-to-end": self.ends,
        }

    def start(self) -> None:
        """Run the action that the guide prescribes."""
        self.part.start()
        wait_until(self._has_reconnected, 30)

    def is_same_scan(self) -> bool:
        now = {name: self.subarray.read(name) for name in KEPT}
        return self.subarray.obs_state == "SCANNING" and now == self.before

    def rejects(self) -> bool:
        return self.stack.etcd.endpoint in self.subarray.rejection("EndScan").desc

    def obeys(self) -> bool:
        self.subarray.command("EndScan")
        assert self.subarray.obs_state == "READY"
        self.subarray.start_scan(SCAN_ID)
        return True

    def is_not_ready(self) -> bool:
        live = [reasons(health, "/livez") for health in self._healths()]
        assert live == [{}] * len(live)
        return all(set(reasons(health)) == {"database"} for health in self._healths())

    def is_silent(self) -> bool:
        assert isinstance(self.part, DeviceServer)
        assert self.part.health
        with pytest.raises(OSError, match="refused"):
            ask(self.part.health, "/livez")
        return True

    def can_look_up(self) -> bool:
        return answers(self._trl("test-sdp/subarray/02"))

    def lacks_processing(self) -> bool:
        offline = [self._status(name) == "OFFLINE" for name in ("proccontrol", "helmdeploy")]
        return all(offline) and self.controller.healthState == HealthState.DEGRADED

    def rejects_blocks(self) -> bool:
        other = Subarray(self.subarray.trl.replace("subarray/01", "subarray/02"))
        if other.proxy.state() != tango.DevState.ON:
            other.command("On")
        rejected = other.rejection("AssignResources", json.dumps(quick().message))
        return "OFFLINE: cannot start processing blocks" in rejected.desc

    def ends(self) -> bool:
        self.subarray.command("EndScan")
        self.subarray.command("Configure", configure(self.content.scan_types[-1]))
        self.subarray.wait_for("READY")
        self.subarray.start_scan(SCAN_ID + 1)
        self.subarray.command("EndScan")
        self.subarray.command("End")
        self.subarray.wait_for("IDLE")
        blocks = [block["pb_id"] for block in self.content.message["processing_blocks"]]
        wait_until(
            lambda: [self._block_status(block) for block in blocks] == ["FINISHED"] * len(blocks),
            60,
            f"{blocks} finish",
        )
        return True

    def _has_reconnected(self) -> bool:
        # The proxies of the previous server would delay their next attempt, so new ones are made.
        # Tango also waits for a second before it queries its database again.
        try:
            self.subarray = Subarray(self.subarray.trl)
            self.controller = tango.DeviceProxy(self._trl("test-sdp/control/0"))
        except tango.DevFailed:
            return False
        return True

    def _healths(self, *, others: bool = False) -> list[str]:
        servers = [each for each in self.stack.servers if not (others and each is self.part)]
        return [each.health for each in servers if each.health]

    def _trl(self, device: str) -> str:
        return f"tango://{self.stack.tango_db.tango_host}/{device}"

    def _have_health(self, state: HealthState) -> bool:
        devices = [self.controller, self.subarray.proxy]
        if any(each.healthState != state for each in devices):
            return False
        if state is HealthState.FAILED:
            assert all(", since 20" in each.healthInfo[0] for each in devices)
        return True

    def _status(self, component: str) -> str:
        components = json.loads(self.controller.components)
        return str(components.get(component, {}).get("status", "OFFLINE"))

    def _block_status(self, block: str) -> Any:
        state: Any = None
        for txn in self.config.txn():
            state = txn.get_processing_block_state(block)
        return state["status"]


def _is_gone(proxy: Any) -> bool:
    try:
        proxy.ping()
    except tango.DevFailed:
        return True
    return False
