"""Free space of the capacity buffer, which the controller reads from a resource and its state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import wait_until

from .conftest import Events, Start, served

ATTRIBUTE = "capacityBufferStorage"
BUFFER = "/resource/capacity-buffer"
STORAGE = "/resource/storage:fast"

# Each step: path, new document or None to delete it, the value that the attribute then has.
STEPS: list[tuple[str, dict[str, Any] | None, int]] = [
    (STORAGE, {"total": 10, "free": 9}, 9),
    (f"{STORAGE}/state", {"capacity_mb": 10, "available_mb": 7}, 7),
    (f"{STORAGE}/state", {"free_mb": 5.9}, 5),
    (BUFFER, {"available": 100}, 100),
    (BUFFER, None, 5),
    (f"{STORAGE}/state", None, 9),
    (STORAGE, None, -1),
]


def put(config: Config, path: str, document: dict[str, Any] | None) -> None:
    for txn in config.txn():
        if document is None:
            txn.delete(path)
        else:
            txn.arbitrary.create_or_update(path, document)


def test_capacity_buffer_storage_follows_resource_and_state_with_events(
    broken_etcd: Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_etcd.start()
    monkeypatch.setenv("SDP_CONFIG_HOST", broken_etcd.host)
    monkeypatch.setenv("SDP_CONFIG_PORT", str(broken_etcd.port))
    with Config() as config, served() as (controller, _):
        assert controller.capacityBufferStorage == -1
        assert not controller.is_attribute_polled(ATTRIBUTE)
        with (
            Events(controller, ATTRIBUTE) as changes,
            Events(controller, ATTRIBUTE, kind="ARCHIVE_EVENT") as archived,
        ):
            put(config, "/resource/supernet", {"available_mb": 1})
            for path, document, expected in STEPS:
                put(config, path, document)
                wait_until(lambda value=expected: controller.capacityBufferStorage == value)  # type: ignore[misc]
            values = [expected for _, _, expected in STEPS]
            changes.wait_for(ATTRIBUTE, values)
            archived.wait_for(ATTRIBUTE, values)


def test_storage_key_names_the_resource(
    start: Start, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDP_LMC_STORAGE_KEY", "/resource/disk")
    controller, _ = start()
    put(config, BUFFER, {"available_mb": 1})
    put(config, "/resource/disk", {"available_mb": 2})
    wait_until(lambda: controller.capacityBufferStorage == 2)
    put(config, "/resource/disk/state", {"available": 3})
    wait_until(lambda: controller.capacityBufferStorage == 3)


def test_unreadable_resource_is_a_fault_and_state_is_used(start: Start, config: Config) -> None:
    controller, _ = start()
    for txn in config.txn():
        txn.create(BUFFER, "no JSON")
        txn.create(f"{BUFFER}/state", json.dumps({"available_mb": 4}))
    wait_until(lambda: controller.capacityBufferStorage == 4)
    assert any(BUFFER in text for text in controller.healthInfo)
