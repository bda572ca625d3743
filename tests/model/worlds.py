"""Documents of a subarray in each obsState, and an in-memory database."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone
from typing import Any

from ska_sdp_config.lmc import upkeep
from ska_sdp_config.lmc.derive import SubarrayView, derive
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.commands import Message
from ska_sdp_lmc.messages.internal import (
    AssignResources,
    Configure,
    ReleaseResources,
    Resources,
    Scan,
)
from tests.model.commands import apply_command

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc)
SETTINGS = ModelSettings()
EB = "eb-test-20260131-00000"
RECEIVE = "pb-test-20260131-00000"
BATCH = "pb-test-20260131-00001"
ENTRY = "/lmc/subarray/01"

ADDRESSES = {
    "science": {
        "vis0": {
            "function": "visibilities",
            "host": [[0, "10.0.0.1"]],
            "port": [[0, 9000, 1]],
        }
    }
}

NO_RESOURCES = {"csp_links": [], "receptors": [], "receive_nodes": 0}

READY_STATE: dict[str, Any] = {
    "status": "RUNNING",
    "resources_available": True,
    "deployments_ready": True,
    "receive_addresses": ADDRESSES,
    "last_updated": "2026-01-31 11:59:00",
}


def script(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "version": "1.0.0"}


def eb_document(**fields: Any) -> dict[str, Any]:
    return {
        "eb_id": EB,
        "scan_types": [{"scan_type_id": "science"}, {"scan_type_id": "calibration"}],
        "pb_realtime": [RECEIVE],
        "pb_batch": [BATCH],
        "pb_receive_addresses": RECEIVE,
        "current_scan_type": None,
        "scan_id": None,
        "status": "ACTIVE",
        "subarray_id": "01",
        **fields,
    }


def entry_document(**fields: Any) -> dict[str, Any]:
    return {
        "transaction_id": "txn-test-20260131-a",
        "last_command": "On",
        "last_command_time": "2026-01-31T12:00:00+00:00",
        "last_command_milliseconds": 0,
        "command_count": 7,
        "state_commanded": "ON",
        "obs_state_commanded": "EMPTY",
        "reached": True,
        "admin_mode": "ONLINE",
        "eb_id": None,
        "resources": {},
        "acknowledged": [],
        "errors": {},
        **fields,
    }


def documents(obs_state: ObsState) -> dict[str, Any]:
    """Return a database with subarray 01 in an obsState, with an execution block if allowed."""
    last: dict[str, tuple[str, str, bool]] = {
        "EMPTY": ("On", "EMPTY", True),
        "RESOURCING": ("AssignResources", "IDLE", False),
        "IDLE": ("AssignResources", "IDLE", True),
        "CONFIGURING": ("Configure", "READY", False),
        "READY": ("Configure", "READY", True),
        "SCANNING": ("Scan", "SCANNING", True),
        "ABORTED": ("Abort", "ABORTED", True),
        "RESETTING": ("ObsReset", "IDLE", False),
        "FAULT": ("Configure", "READY", True),
    }
    command, target, reached = last[obs_state.name]
    found: dict[str, Any] = {
        "/component/proccontrol/owner": {"pid": 1},
        "/component/helmdeploy/owner": {"pid": 2},
    }
    fields: dict[str, Any] = {
        "last_command": command,
        "obs_state_commanded": target,
        "reached": reached,
    }
    if obs_state is not ObsState.EMPTY:
        fields["eb_id"] = EB
        fields["resources"] = {"receptors": ["SKA001", "SKA002"], "receive_nodes": 2}
        state: dict[str, Any] = dict(READY_STATE)
        if obs_state in (ObsState.RESOURCING, ObsState.RESETTING):
            state = {"status": "WAITING", "resources_available": False}
        elif obs_state is ObsState.CONFIGURING:
            state["deployments_ready"] = False
        elif obs_state is ObsState.FAULT:
            state |= {"status": "FAILED", "reason": "out of memory"}
        scanning = obs_state is ObsState.SCANNING
        typed = obs_state in (ObsState.READY, ObsState.SCANNING, ObsState.CONFIGURING)
        eb = eb_document(
            current_scan_type="science" if typed else None, scan_id=3 if scanning else None
        )
        scans = [{"scan_id": 3, "scan_type": "science", "status": "ACTIVE"}] if scanning else []
        found |= {
            f"/eb/{EB}": eb,
            f"/eb/{EB}/state": {
                "status": "ACTIVE",
                "scan_type": eb["current_scan_type"],
                "scan_id": eb["scan_id"],
                "scans": scans,
            },
            f"/pb/{RECEIVE}": {"pb_id": RECEIVE, "script": script("realtime", "vis-receive")},
            f"/pb/{RECEIVE}/state": state,
            f"/pb/{BATCH}": {"pb_id": BATCH, "script": script("batch", "imaging")},
        }
    found[ENTRY] = entry_document(**fields)
    return found


SOME = Resources(receptors=("SKA001",), receive_nodes=1)


def assign_message(
    eb_id: str | None = "eb-new-20260131-00000",
    pbs: tuple[tuple[str, str, str], ...] = (("pb-new-20260131-00000", "realtime", "work"),),
    resources: Resources | None = SOME,
) -> AssignResources:
    eb = None
    if eb_id is not None:
        eb = {"eb_id": eb_id, "max_length": 60.0, "scan_types": [{"scan_type_id": "science"}]}
    blocks = [
        {"pb_id": pb_id, "script": script(kind, name), "parameters": {}}
        for pb_id, kind, name in pbs
    ]
    return AssignResources(resources=resources, execution_block=eb, processing_blocks=blocks)


def message_for(command: str, obs_state: ObsState) -> Message | None:
    """Return a message that is valid for the documents of an obsState."""
    if command == "AssignResources":
        in_idle = obs_state is ObsState.IDLE
        return assign_message(eb_id=None) if in_idle else assign_message()
    messages: dict[str, Message] = {
        "ReleaseResources": ReleaseResources(Resources(receptors=("SKA001",))),
        "Configure": Configure("science"),
        "Scan": Scan(4),
    }
    return messages.get(command)


class World:
    """Database of one subarray, its device without Tango, and a clock."""

    def __init__(
        self, found: dict[str, Any] | None = None, settings: ModelSettings = SETTINGS
    ) -> None:
        self.documents: dict[str, Any] = dict(found or {})
        self.unreadable: tuple[str, ...] = ()
        self.revision = 1
        self.now = NOON
        self.settings = settings

    @property
    def snapshot(self) -> Snapshot:
        # The model changes no document; a test may, so each snapshot has its own.
        return Snapshot(self.revision, "01", copy.deepcopy(self.documents), self.unreadable)

    @property
    def view(self) -> SubarrayView:
        return derive(self.snapshot, self.now, self.settings)

    @property
    def obs_state(self) -> str:
        return self.view.obs_state.name

    @property
    def entry(self) -> dict[str, Any]:
        found = self.documents[ENTRY]
        assert isinstance(found, dict)
        return found

    def command(self, name: str, message: Message | None = None) -> SubarrayView:
        """Execute a command and return the view to publish."""
        before = copy.deepcopy(self.documents)
        writes = apply_command(
            name, self.snapshot, message, self.now, self.settings, "txn-test-20260131-b"
        )
        after = self.snapshot.with_writes(writes, self.revision + 1)
        view = derive(after, self.now, self.settings)
        assert self.documents == before, "a document was changed in place"
        self.write(writes)
        return view

    def write(self, writes: Writes | None) -> None:
        if writes is not None:
            self.documents.update(writes.documents)
            self.revision += 1

    def damage(self, path: str) -> None:
        """Write a text that is not a JSON object to a path."""
        self.documents[path] = {}
        self.unreadable = (*self.unreadable, path)
        self.revision += 1

    def set_state(self, pb_id: str, **fields: Any) -> None:
        """Update the state of a processing block, as its script does."""
        path = f"/pb/{pb_id}/state"
        self.documents[path] = {**self.documents.get(path, {}), **fields}
        self.revision += 1

    def update_eb(self, **fields: Any) -> None:
        """Update the execution block, as another program does."""
        path = f"/eb/{self.entry['eb_id']}"
        self.documents[path] = {**self.documents[path], **fields}
        self.revision += 1

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def reconcile(self) -> SubarrayView:
        """Reconcile the device, as its watch loop does, and return the view."""
        self.write(upkeep.timeout_writes(self.snapshot, self.now, self.settings))
        view = self.view
        if view.wait_over:
            self.write(upkeep.reached_writes(self.snapshot, view.command_count, self.settings))
        return view
