"""Subarray device on an in-memory database."""

from __future__ import annotations

import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.derive import SubarrayView, derive
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import AdminMode, HealthState, ObsState
from ska_sdp_lmc.devices import subarray as server
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.runtime.publisher import TangoSink
from tests.model.cells import OFFLINE
from tests.model.worlds import ADDRESSES, READY_STATE
from tests.support.scripts import name_receiver
from tests.support.waiting import wait_until

from .conftest import (
    EB,
    Events,
    Start,
    assign_text,
    obs_states,
    rejection,
    stored,
    stored_entry,
    write_state,
)


def test_observation_passes_all_states(subarray: Any, config: Config) -> None:
    with Events(subarray, "obsState", "receiveAddresses", "scanType", "scanID") as events:
        subarray.On()
        assert (subarray.state(), subarray.obsState) == (tango.DevState.ON, ObsState.EMPTY)
        subarray.AssignResources(assign_text((("pb-a", "vis-receive"),)))
        assert subarray.obsState == ObsState.RESOURCING
        assert subarray.ebID == "eb-test-20260131-00000"
        assert json.loads(subarray.resources)["receptors"] == ["SKA001", "SKA036"]
        write_state(config, "pb-a", **READY_STATE)
        name_receiver(config, EB, "pb-a")
        wait_until(lambda: subarray.obsState == ObsState.IDLE)
        assert json.loads(subarray.receiveAddresses) == ADDRESSES
        subarray.Configure('{"scan_type": "science"}')
        subarray.Scan('{"scan_id": 7, "transaction_id": "txn-test-20260131-a"}')
        assert (subarray.scanID, subarray.scanType) == (7, "science")
        assert subarray.transactionID == "txn-test-20260131-a"
        subarray.EndScan()
        subarray.Configure('{"scan_type": "science"}')
        subarray.End()
        subarray.ReleaseAllResources()
        subarray.Off()
        observed = "RESOURCING IDLE CONFIGURING READY SCANNING READY"
        afterwards = "CONFIGURING READY IDLE RESOURCING EMPTY"
        events.wait_for("obsState", obs_states(f"{observed} {afterwards}"))
        # Clients that read the addresses on the IDLE event find them.
        idle = events.received.index(("obsState", ObsState.IDLE))
        addresses = events.received.index(("receiveAddresses", json.dumps(ADDRESSES)))
        assert addresses < idle
        assert events.of("scanID") == [7, 0]
    assert subarray.state() == tango.DevState.OFF


def test_obs_state_that_allowed_command_is_pushed_before_it(
    subarray: Any, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command may read a newer revision than the watch loop."""
    subarray.On()
    with Events(subarray, "obsState") as events:
        subarray.AssignResources(assign_text((("pb-a", "work"),)))
        looking = threading.Event()
        reconcile = SDPSubarray.reconcile

        def late(*arguments: Any) -> None:
            looking.wait(10)
            reconcile(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(SDPSubarray, "reconcile", late)
            write_state(config, "pb-a", **READY_STATE)
            subarray.Configure('{"scan_type": "science"}')
            looking.set()
        events.wait_for("obsState", obs_states("RESOURCING IDLE CONFIGURING READY"))


def test_failure_leads_to_fault_and_recovery(subarray: Any, config: Config) -> None:
    subarray.On()
    subarray.AssignResources(assign_text((("pb-a", "work"),)))
    write_state(config, "pb-a", status="FAILED", reason="out of memory")
    wait_until(lambda: subarray.obsState == ObsState.FAULT)
    assert json.loads(subarray.errorMessages) == {"pb-a": "out of memory"}
    assert subarray.healthState == HealthState.DEGRADED
    assert "pb-a is FAILED: out of memory" in subarray.healthInfo[0]
    assert rejection(subarray.Abort)[1].startswith(
        "Command Abort not allowed when obsState is FAULT; allowed in RESOURCING, IDLE, "
    )
    subarray.ObsReset()
    assert subarray.obsState == ObsState.IDLE
    assert subarray.errorMessages == "{}"
    subarray.Abort()
    subarray.Restart()
    assert (subarray.obsState, subarray.ebID, subarray.resources) == (0, "null", "{}")


def test_blocks_are_accepted_once_components_are_online(start: Start, config: Config) -> None:
    _, subarray = start()
    subarray.On()
    message = assign_text((("pb-a", "work"),))
    assert rejection(subarray.AssignResources, message) == ("API_CommandFailed", OFFLINE)
    for txn in config.txn():
        txn.create("/component/proccontrol/owner", "{}")
        txn.create("/component/helmdeploy/owner", "{}")
    subarray.AssignResources(message)
    assert subarray.obsState == ObsState.RESOURCING


def test_admin_mode_rejects_commands_and_keeps_state(subarray: Any, config: Config) -> None:
    subarray.On()
    with Events(subarray, "adminMode", "State", "obsState") as events:
        subarray.adminMode = AdminMode.OFFLINE
        assert subarray.state() == tango.DevState.DISABLE
        assert subarray.commandedState == "ON"
        text = (
            "Command Off not allowed when device state is DISABLE; set adminMode to ONLINE first"
        )
        assert rejection(subarray.Off) == ("API_CommandNotAllowed", text)
        subarray.Init()
        wait_until(lambda: subarray.state() == tango.DevState.DISABLE)
        subarray.adminMode = AdminMode.ENGINEERING
        assert subarray.state() == tango.DevState.ON
        wait_until(lambda: events.of("adminMode")[-1:] == [AdminMode.ENGINEERING])
        assert ("State", tango.DevState.DISABLE) in events.received
    with pytest.raises(tango.DevFailed):
        subarray.adminMode = 17
    assert subarray.adminMode == AdminMode.ENGINEERING
    assert stored_entry(config)["admin_mode"] == "ENGINEERING"


def test_values_outside_tango_types_are_escaped(subarray: Any, config: Config) -> None:
    subarray.On()
    subarray.AssignResources(assign_text((("pb-a", "work"),)))
    write_state(config, "pb-a", status="FAILED", reason="größer als ∞ " * 100)
    wait_until(lambda: subarray.obsState == ObsState.FAULT)
    assert "größer als ∞" in json.loads(subarray.errorMessages)["pb-a"]
    assert subarray.healthInfo[0].isascii()


def test_message_may_be_utf_8_or_latin_1(subarray: Any, config: Config) -> None:
    subarray.On()
    for number, (name, encoding) in enumerate([("größer ∞", "utf-8"), ("größer", "latin-1")]):
        message = json.loads(assign_text())
        eb_id = f"eb-test-20260131-{number:05}"
        message["execution_block"] |= {"eb_id": eb_id, "context": {"name": name}}
        subarray.AssignResources(json.dumps(message, ensure_ascii=False).encode(encoding))
        assert json.loads(stored(config, f"/eb/{eb_id}") or "")["context"] == {"name": name}
        subarray.ReleaseAllResources()


def test_several_systems_in_one_database(
    start: Start, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDP_LMC_PREFIX", "/one")
    controller, subarray = start(RequiredComponents="none", Prefix="/other")
    controller.On()
    subarray.On()
    subarray.AssignResources(assign_text((("pb-a", "work"),)))
    assert subarray.obsState == ObsState.RESOURCING
    write_state(config, "pb-a", root="/other", status="RUNNING", resources_available=True)
    wait_until(lambda: subarray.obsState == ObsState.IDLE)
    wait_until(lambda: "lmc-controller" in json.loads(controller.components))
    assert controller.subarrays == "{}"

    def paths() -> set[str]:
        found = [txn.list_keys("/", recurse=5) for txn in config.txn()]
        return set(found[-1])

    expected = {
        "/one/component/lmc-controller/owner",
        "/one/lmc/controller",
        "/other/component/lmc-subarray-01/owner",
        "/other/lmc/subarray/01",
        "/other/eb/eb-test-20260131-00000",
        "/other/eb/eb-test-20260131-00000/state",
        "/other/pb/pb-a",
        "/other/pb/pb-a/state",
    }
    wait_until(lambda: paths() == expected, what=f"{expected} exist")
    subarray.Abort()
    subarray.Restart()
    assert subarray.obsState == ObsState.EMPTY


def test_presence_is_restored_after_loss(subarray: Any, config: Config) -> None:
    path = "/component/lmc-subarray-01/owner"

    wait_until(lambda: stored(config, path))
    for txn in config.txn():
        txn.delete(path)
    wait_until(lambda: stored(config, path))
    assert subarray.ping() > 0


def test_concurrent_scans_are_serialized(subarray: Any, config: Config) -> None:
    subarray.On()
    subarray.AssignResources(assign_text())
    subarray.Configure('{"scan_type": "science"}')
    gate = threading.Barrier(2, timeout=30)

    def scan(number: int) -> str:
        with tango.EnsureOmniThread():
            gate.wait()
            try:
                subarray.Scan(json.dumps({"scan_id": number}))
            except tango.DevFailed as error:
                return str(error.args[0].desc)
            return "accepted"

    for turn in range(20):
        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(scan, (2 * turn, 2 * turn + 1)))
        rejected = "Command Scan not allowed when obsState is SCANNING; allowed in READY"
        assert sorted(outcomes) == [rejected, "accepted"]
        subarray.EndScan()


def test_rejected_message_is_logged_with_its_transaction_id(
    subarray: Any, log: io.StringIO
) -> None:
    own = "txn-test-20260131-own"
    for message in (
        {"scan_id": -1, "transaction_id": own},
        {"scan_id": 1, "transaction_id": own},
        {"scan_id": 1, "transaction_id": own, "interface": "https://example.org/"},
    ):
        rejection(subarray.Scan, json.dumps(message))
    rejection(subarray.Scan, '{"scan_id": 1, "transaction_id": 7}')
    rejection(subarray.Scan, "{")
    found = [line for line in log.getvalue().splitlines() if "Scan rejected" in line]
    assert [f"transaction-id:{own}|" in line for line in found] == [True] * 3 + [False] * 2
    assert all("transaction-id:txn-" in line for line in found)


@pytest.mark.usefixtures("_restored_logging")
def test_log_level_selects_records(subarray: Any) -> None:
    admin = tango.DeviceProxy(subarray.adm_name())
    name = subarray.dev_name()
    for level, lines in [(tango.LogLevel.LOG_ERROR, 0), (tango.LogLevel.LOG_WARN, 1)]:
        admin.SetLoggingLevel([[int(level)], [name]])
        subarray.Init()
        wait_until(lambda: subarray.state() == tango.DevState.OFF)
        numbers, names = admin.GetLoggingLevel([name])
        assert (list(numbers), list(names)) == ([int(level)], [name])
        stream = io.StringIO()
        logs.set_up("INFO", "ska", stream)
        rejection(subarray.Scan, '{"scan_id": 1}')
        found = [line for line in stream.getvalue().splitlines() if "Scan rejected" in line]
        assert len(found) == lines
        assert all(re.search(rf"tango-device:{name},transaction-id:txn-", line) for line in found)


def test_bug_is_reported_as_command_failure(
    subarray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise TypeError("of no use")

    with monkeypatch.context() as patch:
        patch.setattr(server, "apply_command", fail)
        reason, text = rejection(subarray.On)
    assert reason == "API_CommandFailed"
    assert text.startswith("It is not known whether On was carried out: the server failed by ")
    assert "TypeError (of no use)" in text
    subarray.On()


def test_busy_monitor_before_commit_is_reported_as_not_carried_out(
    subarray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(sink: TangoSink) -> None:
        tango.Except.throw_exception("API_CommandTimedOut", "not able to acquire it", "test")

    def derive_unseen(device: SDPSubarray, found: Snapshot) -> SubarrayView:
        patch.setattr(TangoSink, "monitor", time_out)
        return derive(found, datetime.now(timezone.utc), device.settings)

    with monkeypatch.context() as patch:
        patch.setattr(SDPSubarray, "derive_unseen", derive_unseen)
        reason, text = rejection(subarray.On)
    assert reason == "API_CommandFailed"
    assert text.startswith("On was not carried out: the device is busy (not able to acquire it)")
    assert subarray.lastCommand == ""
    subarray.On()
