"""Invalid entries and errors in one block do not affect other blocks."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from ska_sdp_config import Config
from ska_sdp_config.config import Transaction
from ska_sdp_sim import Simulator
from ska_sdp_sim.block import Block
from ska_sdp_sim.database import write_step
from tests.sim.observation import EB, RECEIVE, assign, block, change, create, read, state, until

ICAL = "pb-test-20260131-00001"
DEPLOYMENT = f"proc-{RECEIVE}-vis-receive"
DEEP = "[" * 5000 + "]" * 5000
"""JSON that is nested too deeply to parse."""


EDITED = {
    "deep block": (f"/pb/{RECEIVE}", DEEP),
    "deep parameters": (
        f"/pb/{RECEIVE}",
        f'{{"script": "realtime:a:1", "eb_id": "{EB}", "parameters": {DEEP}}}',
    ),
    "empty id": (f"/pb/{RECEIVE}", '{"script": "realtime:a:1", "eb_id": ""}'),
    "no id": (f"/pb/{RECEIVE}", '{"script": "realtime:a:1", "eb_id": "a/"}'),
    "deep state": (f"/pb/{RECEIVE}/state", f'{{"status": "RUNNING", "more": {DEEP}}}'),
    "list as status": (f"/pb/{RECEIVE}/state", '{"status": ["RUNNING"]}'),
    "no number": (f"/pb/{RECEIVE}/state", '{"status": "STARTING", "more": NaN}'),
    "no Unicode": (f"/pb/{RECEIVE}/state", '{"status": "STARTING", "more": "\\ud800"}'),
    "deep owner": (f"/pb/{RECEIVE}/owner", DEEP),
    "deep execution block": (f"/eb/{EB}", DEEP),
    "list as execution status": (f"/eb/{EB}", '{"status": ["ACTIVE"]}'),
    "number as list": (f"/eb/{EB}", '{"pb_receive_addresses": {}, "scan_types": 5}'),
    "deep deployment state": (f"/deploy/{DEPLOYMENT}/state", DEEP),
    "odd deployment": ("/deploy/a b", "{}"),
    "odd block": ("/pb/a b", "{}"),
}
"""Path and text of entries edited by hand."""


@pytest.mark.long
@pytest.mark.parametrize(("path", "text"), EDITED.values(), ids=EDITED.keys())
def test_invalid_entry_does_not_affect_other_blocks(
    config: Config, simulator: Simulator, path: str, text: str
) -> None:
    assign(config, block())
    until(config, deployments_ready=True)
    for txn in config.txn():
        (txn.update if txn.get(path) is not None else txn.create)(path, text)
    create(config, block(ICAL, "batch:ical:1.0.0", eb_id=None))
    until(config, ICAL, status="FINISHED")
    assert not simulator.wait(0)


def test_corrected_block_continues(config: Config, simulator: Simulator) -> None:
    assign(config, block())
    ready = until(config, deployments_ready=True)
    for text in (DEEP, '{"status": "STARTING", "more": NaN}'):
        for txn in config.txn():
            txn.update(f"/pb/{RECEIVE}/state", text)
            txn.create_processing_block(block(ICAL, "batch:ical:1.0.0", eb_id=None))
        until(config, ICAL, status="FINISHED")
        for txn in config.txn():
            txn.update_processing_block_state(RECEIVE, {**ready, "deployments_ready": False})
            txn.delete_processing_block(ICAL)
        until(config, deployments_ready=True)


def test_unexpected_error_fails_only_its_block(
    config: Config,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*arguments: object, **options: object) -> NoReturn:
        raise LookupError("no such antenna")

    monkeypatch.setattr("ska_sdp_sim.script.receive_addresses", fail)
    assign(config, block(), block("pb-other", "realtime:pointing-offset:1.0.0"))
    assert "LookupError: no such antenna" in until(config, status="FAILED")["reason"]
    until(config, "pb-other", deployments_ready=True)
    errors = [record for record in caplog.records if record.exc_info]
    assert errors
    assert all(RECEIVE in record.getMessage() for record in errors)


def test_repeated_error_is_logged_once(
    config: Config,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def write(txn: Transaction, found: Block, *arguments: Any) -> None:
        if found.pb_id == RECEIVE:
            raise LookupError("no such antenna")
        write_step(txn, found, *arguments)

    monkeypatch.setattr("ska_sdp_sim.controller.write_step", write)
    assign(config, block(), block("pb-other", "realtime:pointing-offset:1.0.0"))
    until(config, "pb-other", deployments_ready=True)
    assert state(config) == {}
    errors = [record for record in caplog.records if record.exc_info]
    assert [RECEIVE in record.getMessage() for record in errors] == [True]
    monkeypatch.undo()
    change(config, subarray_id="02")
    until(config, deployments_ready=True)


def test_value_that_cannot_be_stored_fails_the_block(config: Config, simulator: Simulator) -> None:
    assign(config, block())
    text = read(config, lambda txn: txn.get(f"/eb/{EB}"))
    until(config, deployments_ready=True)
    beam = '"beam_id": "vis0", "visibility_beam_id": NaN'
    for txn in config.txn():
        txn.update(f"/eb/{EB}", text.replace('"beam_id": "vis0"', beam))
        txn.delete(f"/pb/{RECEIVE}/state")
    assert "cannot be written" in until(config, status="FAILED")["reason"]


def test_block_at_work_that_cannot_be_stored_ends_without_deployments(
    config: Config, simulator: Simulator
) -> None:
    assign(config, block())
    text = read(config, lambda txn: txn.get(f"/eb/{EB}"))
    until(config, deployments_ready=True)
    beam = '"beam_id": "vis0", "visibility_beam_id": NaN'
    for txn in config.txn():
        txn.update(f"/eb/{EB}", text.replace('"beam_id": "vis0"', beam))
        txn.processing_block.state(RECEIVE).patch(receive_addresses=None)
    failed = until(config, status="FAILED")
    assert "cannot be written" in failed["reason"]
    assert (failed["deployments_ready"], failed["deployments"]) == (False, {})
