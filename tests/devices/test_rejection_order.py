"""Order of rejections on a device and a real etcd.

Each test begins with a command that violates as many rules as possible, and fixes one violation
after the other. Each attempt returns the rejection by the next rule, with its exact text, and
writes nothing. No component is online.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config.lmc.states import AdminMode
from ska_sdp_sim.stack.etcd import Etcd
from tests.model.cells import ALLOWED_IN, OFFLINE

from .observing import Observation, observation

NOT_ALLOWED, FAILED = "API_CommandNotAllowed", "API_CommandFailed"
KNOWN_EB, KNOWN_PB = "eb-known-20260131-00000", "pb-known-20260131-00000"


class Ladder:
    """Command that is rejected repeatedly."""

    def __init__(self, observing: Observation, command: str) -> None:
        self._observing = observing
        self._command = command

    def not_allowed(self, message: str, where: str) -> None:
        """Check that State or obsState rejects the command."""
        if where.startswith("obsState"):
            where = f"{where}; allowed in {', '.join(ALLOWED_IN[self._command])}"
        text = f"Command {self._command} not allowed when {where}"
        assert self._rejection(message) == (NOT_ALLOWED, text)

    def failed(self, message: str, text: str) -> None:
        """Check that another rule rejects the command."""
        assert self._rejection(message) == (FAILED, text)

    def wrong(self, message: str, *parts: str) -> None:
        """Check that the message is rejected with a text that contains some parts."""
        reason, text = self._rejection(message)
        assert reason == FAILED
        for part in parts:
            assert part in text

    def _rejection(self, message: str) -> tuple[str, str]:
        obs_state, before = self._observing.obs_state, self._observing.written()
        rejection = self._observing.rejection(self._command, message)
        assert self._observing.written() == before
        assert self._observing.obs_state == obs_state
        return rejection


@pytest.fixture(scope="module")
def served(etcd: Etcd) -> Iterator[Observation]:
    with observation(etcd, components=()) as begun:
        for txn in begun.config.txn():
            txn.create(f"/eb/{KNOWN_EB}", '{"status": "FINISHED"}')
            txn.create(f"/pb/{KNOWN_PB}", f'{{"eb_id": "{KNOWN_EB}"}}')
        yield begun


@pytest.fixture
def observing(served: Observation) -> Observation:
    """The subarray in State OFF."""
    served.switch_on()
    served.command("Off")
    return served


def assignment(eb_id: str | None, *pb_ids: str, **more: Any) -> str:
    message: dict[str, Any] = {
        "processing_blocks": [
            {"pb_id": pb_id, "script": {"kind": "batch", "name": "image", "version": "1.0.0"}}
            for pb_id in pb_ids
        ],
        **more,
    }
    if eb_id is not None:
        scan_types = [{"scan_type_id": "science", "beams": {}}]
        message["execution_block"] = {
            "eb_id": eb_id,
            "max_length": 60,
            "beams": [],
            "channels": [],
            "scan_types": scan_types,
        }
    return json.dumps(message)


def new_eb(observing: Observation) -> str:
    observing.new_assignment()
    return observing.eb_id


def begin(observing: Observation) -> str:
    """Lead to IDLE with an execution block without processing blocks; return its ID."""
    observing.command("On")
    eb_id = new_eb(observing)
    observing.command("AssignResources", assignment(eb_id, resources={"receptors": ["SKA001"]}))
    return eb_id


def end_by_others(observing: Observation, eb_id: str, status: str | None) -> None:
    """End an execution block as ``ska-sdp`` does, or delete it."""
    for txn in observing.config.txn():
        if status is None:
            txn.delete(f"/eb/{eb_id}")
        else:
            block = json.loads(txn.get(f"/eb/{eb_id}") or "{}")
            txn.update(f"/eb/{eb_id}", json.dumps({**block, "status": status}))


def test_assign_resources_checks_rules_in_order(observing: Observation) -> None:
    ladder = Ladder(observing, "AssignResources")
    observing.subarray.adminMode = AdminMode.OFFLINE
    everything_wrong = assignment(KNOWN_EB, KNOWN_PB, KNOWN_PB)
    ladder.wrong("{" + "x" * 2**20, "longer than 1 MiB")
    ladder.wrong(everything_wrong[:-1], "not JSON")
    ladder.wrong(
        assignment("eb_1", "pb_1", resources={"receive_nodes": 0}),
        "$.execution_block.eb_id: should be",
        "$.processing_blocks[0].pb_id: should be",
        "$.resources.receive_nodes: should be",
    )
    ladder.not_allowed(everything_wrong, "device state is DISABLE; set adminMode to ONLINE first")
    observing.subarray.adminMode = AdminMode.ONLINE
    ladder.not_allowed(everything_wrong, "device state is OFF; allowed in ON")
    linked = begin(observing)
    observing.command("Configure", '{"scan_type": "science"}')
    ladder.not_allowed(everything_wrong, "obsState is READY")
    observing.command("Abort")
    observing.command("ObsReset")
    ladder.failed(everything_wrong, f"Execution block {KNOWN_EB} already exists")
    eb_id, pb_id = new_eb(observing), observing.pb_id
    text = f"Processing block {KNOWN_PB} already exists"
    ladder.failed(assignment(eb_id, KNOWN_PB), text)
    ladder.failed(assignment(None, pb_id, KNOWN_PB), text)
    text = f"Processing block {pb_id} already exists"
    ladder.failed(assignment(eb_id, pb_id, pb_id), text)
    ladder.failed(assignment(eb_id, pb_id), f"Execution block {linked} is still active")
    ladder.failed(assignment(None, pb_id), OFFLINE)
    for status in ("CANCELLED", "FINISHED"):
        end_by_others(observing, linked, status)
        ladder.failed(assignment(None, pb_id), f"Execution block {linked} is {status}")
    end_by_others(observing, linked, None)
    ladder.failed(assignment(None, pb_id), f"Execution block {linked} is missing")
    ladder.failed(assignment(eb_id, pb_id), OFFLINE)
    observing.command("ReleaseAllResources")
    ladder.failed(assignment(None, pb_id), "An execution block is needed")
    ladder.failed(assignment(None, resources={"csp_links": [1]}), "An execution block is needed")
    ladder.failed(assignment(eb_id, pb_id), OFFLINE)
    observing.command("AssignResources", assignment(eb_id))
    assert observing.obs_state == "IDLE"


def test_configure_checks_rules_in_order(observing: Observation) -> None:
    ladder = Ladder(observing, "Configure")
    scan_type = {"scan_type_id": "science", "beams": {}}
    everything_wrong = json.dumps({"scan_type": "none", "new_scan_types": [scan_type]})
    ladder.wrong("{}", "$.scan_type: field required")
    ladder.not_allowed(everything_wrong, "device state is OFF; allowed in ON")
    observing.command("On")
    ladder.not_allowed(everything_wrong, "obsState is EMPTY")
    observing.command("Off")
    begin(observing)
    observing.command("Configure", '{"scan_type": "science"}')
    observing.command("End")
    ladder.failed(everything_wrong, "No execution block is active")
    eb_id = new_eb(observing)
    observing.command("AssignResources", assignment(eb_id))
    end_by_others(observing, eb_id, "CANCELLED")
    ladder.failed(everything_wrong, f"Execution block {eb_id} is CANCELLED")
    end_by_others(observing, eb_id, "ACTIVE")
    ladder.failed(everything_wrong, "Scan type none is not defined; defined are science")
    message = json.dumps({"scan_type": "science", "new_scan_types": [scan_type]})
    ladder.failed(message, "Scan type science is already defined")
    new = {"scan_type_id": "new", "beams": {}}
    observing.command("Configure", json.dumps({"scan_type": "new", "new_scan_types": [new]}))
    assert observing.obs_state == "READY"


def test_scan_checks_rules_in_order(observing: Observation) -> None:
    ladder = Ladder(observing, "Scan")
    message = '{"scan_id": 0}'
    ladder.wrong('{"scan_id": true}', "$.scan_id: should be an integer, not true")
    ladder.not_allowed(message, "device state is OFF; allowed in ON")
    eb_id = begin(observing)
    end_by_others(observing, eb_id, "CANCELLED")
    ladder.not_allowed(message, "obsState is IDLE")
    end_by_others(observing, eb_id, "ACTIVE")
    observing.command("Configure", '{"scan_type": "science"}')
    end_by_others(observing, eb_id, "FINISHED")
    ladder.failed(message, f"Execution block {eb_id} is FINISHED")
    end_by_others(observing, eb_id, "ACTIVE")
    observing.command("Scan", message)
    assert (observing.obs_state, observing.subarray.scanID) == ("SCANNING", 0)


def test_release_resources_checks_rules_in_order(observing: Observation) -> None:
    ladder = Ladder(observing, "ReleaseResources")
    given = {"receptors": ["SKA001", "SKA002"], "csp_links": [4], "receive_nodes": 1}
    message = json.dumps({"resources": given})
    ladder.wrong('{"resources": {}}', "$.resources: names nothing to release")
    ladder.not_allowed(message, "device state is OFF; allowed in ON")
    observing.command("On")
    ladder.not_allowed(message, "obsState is EMPTY")
    observing.command("Off")
    begin(observing)
    missing = "receptors SKA002; csp_links 4; receive_nodes 1 of 0"
    ladder.failed(message, f"Resources are not assigned: {missing}")
    observing.command("ReleaseResources", '{"resources": {"receptors": ["SKA001"]}}')
    assert (observing.obs_state, observing.subarray.ebID) == ("EMPTY", "null")
