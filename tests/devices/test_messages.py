"""Messages of all versions at a device: the project's own, and those in use elsewhere.

AssignResources is sent in EMPTY. Configure is sent in IDLE with an execution block that has no
scan type but ``science``, and the selected one if the message does not define it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_lmc.messages.examples import example, example_names
from tests.messages.in_use import ACCEPTED, REJECTED, WRONG_IN_MEANING, files
from tests.messages.small import PARSERS
from tests.support.scripts import name_receiver
from tests.support.shared import MESSAGES, has_messages
from tests.support.waiting import wait_until

from .conftest import EB, assign_text, rejection, served_in_memory, write_state

COMMANDS = {
    "assignres": "AssignResources",
    "configure": "Configure",
    "releaseres": "ReleaseResources",
    "scan": "Scan",
}
RESULTS = {
    "assignres": ("RESOURCING", "IDLE"),
    "configure": ("READY",),
    "releaseres": ("IDLE", "EMPTY"),
    "scan": ("SCANNING",),
}
PB = "pb-receive"

Send = Callable[[str, str], None]


@pytest.fixture(scope="module")
def device() -> Iterator[Any]:
    """A subarray that needs no components, for all messages."""
    with served_in_memory(RequiredComponents="none") as (_, subarray):
        yield subarray


@pytest.fixture
def config(device: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """The device's database, without blocks; the subarray is ON and EMPTY."""
    monkeypatch.setenv("SDP_CONFIG_BACKEND", "memory")
    if device.state() != tango.DevState.OFF:
        device.Off()
    with Config() as config:
        for kind in ("/eb", "/pb"):
            config.backend.delete(kind, must_exist=False, recursive=True)
        device.On()
        yield config


@pytest.fixture
def send(device: Any, config: Config) -> Send:
    """Function that sends a message to the command of its schema, where it is allowed."""

    def prepare(schema: str, message: dict[str, Any]) -> None:
        if schema == "assignres":
            return
        content = json.loads(assign_text())
        block = content["execution_block"]
        # The examples of Configure refer to scan types of those of AssignResources.
        own = json.loads(example("assignres-0.4"))["execution_block"]
        for part in ("beams", "channels", "polarisations", "fields"):
            block[part] = [*block.get(part, []), *own[part]]
        templates = [each for each in own["scan_types"] if each["scan_type_id"].startswith(".")]
        block["scan_types"] += templates
        brought = {
            scan_type.get("scan_type_id", scan_type.get("id"))
            for scan_type in message.get("new_scan_types", [])
        }
        scan_type = message.get("scan_type", "science")
        if scan_type not in {*brought, "science"}:
            block["scan_types"].append({"scan_type_id": scan_type, "beams": {}})
        if schema == "releaseres":
            content["resources"] = message["resources"]
        device.AssignResources(json.dumps(content))
        if schema == "scan":
            device.Configure('{"scan_type": "science"}')

    def give(schema: str, text: str) -> None:
        prepare(schema, json.loads(text))
        device.command_inout(COMMANDS[schema], text)

    return give


def warnings(log: io.StringIO) -> list[str]:
    """Return the logged warnings about a message, each with its transaction ID."""
    lines = [line.split("|", 7) for line in log.getvalue().splitlines()]
    found = [line for line in lines if line[2] == "WARNING" and "$" in line[7]]
    assert all("transaction-id:" in line[6] for line in found)
    return [line[7].partition(": ")[2] for line in found]


def accepted(device: Any, schema: str) -> None:
    assert device.lastCommand == COMMANDS[schema]
    assert ObsState(device.obsState).name in RESULTS[schema]


@pytest.mark.parametrize("name", [name for name in example_names() if "recvaddrs" not in name])
def test_own_examples_are_accepted(device: Any, send: Send, log: io.StringIO, name: str) -> None:
    schema = name.partition("-")[0]
    send(schema, example(name))
    accepted(device, schema)
    assert warnings(log) == []
    own = json.loads(example(name)).get("transaction_id")
    assert device.transactionID.startswith(own or "txn-lmc-")


def test_references_of_new_scan_type_include_execution_block(
    device: Any, send: Send, log: io.StringIO
) -> None:
    new = {"scan_type_id": "new", "derive_from": ".none", "beams": {"no": {"field_id": "gone"}}}
    send("configure", json.dumps({"scan_type": "new", "new_scan_types": [new]}))
    accepted(device, "configure")
    assert warnings(log) == [
        '$.new_scan_types[0].derive_from: there is no scan type ".none"',
        '$.new_scan_types[0].beams.no: there is no beam "no"',
        '$.new_scan_types[0].beams.no.field_id: "gone" is not among the fields',
    ]


@has_messages
@pytest.mark.parametrize("name", files("valid"))
def test_valid_message_is_accepted(device: Any, send: Send, log: io.StringIO, name: str) -> None:
    schema, text = name.partition("_")[0], (MESSAGES / "valid" / name).read_text()
    send(schema, text)
    accepted(device, schema)
    assert warnings(log) == list(PARSERS[schema](text).warnings)


@has_messages
@pytest.mark.parametrize("name", [*files("invalid"), *sorted(REJECTED)])
def test_invalid_message_is_rejected(device: Any, config: Config, name: str) -> None:
    schema = name.partition("_")[0]
    folder = "quirky" if name in REJECTED else "invalid"
    if schema == "configure":
        device.AssignResources(assign_text())
    obs_state, before = device.obsState, everything(config)
    message = (MESSAGES / folder / name).read_text()
    reason, text = rejection(device.command_inout, COMMANDS[schema], message)
    assert reason == "API_CommandFailed"
    assert ("is not defined" if name in WRONG_IN_MEANING else "$.") in text
    assert device.obsState == obs_state
    assert everything(config) == before


@has_messages
@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_quirky_message_is_accepted_with_warning(
    device: Any, send: Send, log: io.StringIO, name: str
) -> None:
    send("assignres", (MESSAGES / "quirky" / name).read_text())
    accepted(device, "assignres")
    assert {text.partition(": ")[0] for text in warnings(log)} == ACCEPTED[name]


@has_messages
@pytest.mark.parametrize(
    ("folder", "name"),
    [(folder, name) for folder in ("valid", "invalid") for name in files(folder, addresses=True)],
)
def test_receive_addresses_are_passed_on(
    device: Any, config: Config, folder: str, name: str
) -> None:
    addresses = json.loads((MESSAGES / folder / name).read_text())
    device.AssignResources(assign_text(((PB, "vis-receive"),)))
    write_state(
        config, PB, status="RUNNING", resources_available=True, receive_addresses=addresses
    )
    name_receiver(config, EB, PB)
    wait_until(lambda: device.obsState == ObsState.IDLE)
    assert json.loads(device.receiveAddresses) == addresses
    faults = list(device.healthInfo or ())
    if folder == "valid":
        assert (device.healthState, faults) == (HealthState.OK, [])
    else:
        assert device.healthState == HealthState.DEGRADED
        assert all(fault.startswith(f"receiveAddresses of {PB}: $") for fault in faults)


def everything(config: Config) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for txn in config.txn():
        found = {path: txn.get(path) for path in txn.list_keys("/", recurse=4)}
    return found
