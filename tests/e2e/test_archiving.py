"""Files for archiver and alarm handler match the devices of a running stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_sim.stack.local import LocalStack
from tests.e2e.event_clients import EventClient
from tests.e2e.lost_channel import check_channel
from tests.e2e.operator_files import (
    AlarmRule,
    Attributes,
    alarm_rules,
    attributes_of_form_1,
    attributes_of_form_2,
)
from tests.e2e.subarray import Subarray, quick
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

CONTROLLER = "test-sdp/control/0"
SUBARRAYS = ("test-sdp/subarray/01", "test-sdp/subarray/02")

CONSTANT = {"versionid", "sdpversion"}
"""Attributes that never change, so that only the first event has them."""

STORAGE = "/resource/capacity-buffer"


@pytest.fixture(scope="module")
def archived(stack: LocalStack) -> Attributes:
    """Archived attributes by device, in lower case. adminMode is last: see ``subscribed``."""
    found = attributes_of_form_2(stack)
    return {
        device: sorted(names, key=lambda name: (name == "adminmode", name))
        for device, names in found.items()
    }


@pytest.fixture
def subscribed(stack: LocalStack, archived: Attributes) -> Iterator[dict[str, EventClient]]:
    """A client of archive events for each device, which receives them.

    Events right after a subscription can be lost, so adminMode is written until its events are
    received. It is ONLINE afterwards.
    """
    with ExitStack() as running:
        clients = {
            device: running.enter_context(
                EventClient(sys.executable, "archive", trl(stack, device), names)
            )
            for device, names in archived.items()
        }
        for device, client in clients.items():
            client.wait_subscribed()
            assert client.exit_code is None, f"{device} rejected a subscription: see above"
            proxy = tango.DeviceProxy(trl(stack, device))
            try:
                wait_until(lambda p=proxy, c=client: receives(p, c), 60)  # type: ignore[misc]
            except AssertionError:
                check_channel(client.of("error"))
                raise AssertionError(f"{device} sends no events") from None
        yield clients


def receives(proxy: Any, client: EventClient) -> bool:
    for mode in (AdminMode.ENGINEERING, AdminMode.ONLINE):
        proxy.write_attribute("adminMode", mode)
    try:
        wait_until(lambda: client.of("adminmode")[-1:] == [AdminMode.ONLINE], 1)
    except AssertionError:
        return False
    return len(client.of("adminmode")) > 1


def trl(stack: LocalStack, device: str) -> str:
    return f"tango://{stack.tango_db.tango_host}/{device}"


def fail(subarray: Subarray) -> None:
    """Lead a subarray that is ON to FAULT."""
    content = quick()
    content.message["processing_blocks"][0]["parameters"] |= {
        "fail-at": "starting",
        "exception": "no disk",
    }
    subarray.command("AssignResources", json.dumps(content.message))
    subarray.wait_for("FAULT")


def observe(subarray: Subarray) -> None:
    """Change all attributes of a subarray that is ON, ending OFF."""
    content = subarray.assign()
    subarray.configure(content.scan_types[0])
    subarray.start_scan(7)
    for command in ("EndScan", "End", "ReleaseAllResources"):
        subarray.command(command)
    fail(subarray)
    subarray.command("Restart")
    subarray.command("Off")


def test_archived_attributes_exist_on_their_devices(
    stack: LocalStack, archived: Attributes
) -> None:
    by_class = attributes_of_form_1(stack)
    assert set(by_class) == set(archived) == {CONTROLLER, *SUBARRAYS}
    for device, names in by_class.items():
        existing = tango.DeviceProxy(trl(stack, device)).get_attribute_list()
        assert set(names) <= set(existing)
        assert {name.lower() for name in names} == set(archived[device])


def test_archived_attributes_push_archive_events(
    stack: LocalStack,
    config: Config,
    subarray: Subarray,
    archived: Attributes,
    subscribed: dict[str, EventClient],
) -> None:
    for device, client in subscribed.items():
        proxy = tango.DeviceProxy(trl(stack, device))
        # Without polling, Tango accepts a subscription only if events are pushed from code.
        assert {proxy.get_attribute_poll_period(name) for name in archived[device]} == {0}
        assert [name for name in archived[device] if not client.of(name)] == []
        client.clear()
    change_all(stack, config, subarray)
    for device, client in subscribed.items():
        for name in set(archived[device]) - CONSTANT:
            try:
                wait_until(lambda d=device, n=name, c=client: c.of(n)[-1:] == [read(stack, d, n)])  # type: ignore[misc]
            except AssertionError:
                # Events that were lost with the channel are no fault.
                check_channel(client.of("error"))
                raise AssertionError(f"the last {name} of {device} is not received") from None
        check_channel(client.of("error"))
        assert (client.of("error"), client.exit_code) == ([], None)
    assert ObsState.FAULT in subscribed[SUBARRAYS[0]].of("obsstate")
    assert 7 in subscribed[SUBARRAYS[1]].of("scanid")


def change_all(stack: LocalStack, config: Config, subarray: Subarray) -> None:
    """Change all attributes except constant ones; afterwards they are as before."""
    other = Subarray(trl(stack, SUBARRAYS[1]))
    controller = tango.DeviceProxy(trl(stack, CONTROLLER))
    for device in (controller, subarray.proxy, other.proxy):
        for mode in (AdminMode.ENGINEERING, AdminMode.ONLINE):
            device.write_attribute("adminMode", mode)
    controller.command_inout("On")
    controller.command_inout("Standby")
    other.command("On")
    observe(subarray)
    observe(other)
    for txn in config.txn():
        txn.create(STORAGE, '{"available_mb": 1234}')
    wait_until(lambda: controller.capacityBufferStorage == 1234)
    for txn in config.txn():
        txn.raw.delete(STORAGE)
    assert stack.simulator is not None
    stack.simulator.stop()
    wait_until(lambda: "OFFLINE" in controller.components)
    stack.simulator.start()
    wait_until(lambda: "OFFLINE" not in controller.components)


def read(stack: LocalStack, device: str, name: str) -> Any:
    value = tango.DeviceProxy(trl(stack, device)).read_attribute(name).value
    return str(value) if isinstance(value, tango.DevState) else value


def test_alarm_rules_have_attributes_and_numbers_of_the_devices(stack: LocalStack) -> None:
    rules = alarm_rules(stack)
    assert len(rules) == 6
    for rule in rules:
        assert rule.message.endswith(
            f" is {' or '.join(each.label() for each in rule.comparisons)}"
        )
        for each in rule.comparisons:
            device, _, rest = rule.message.partition(": ")
            assert each.device == trl(stack, device)
            assert rest.partition(" is ")[0] in tango.DeviceProxy(each.device).get_attribute_list()


def test_alarm_of_subarray_is_true_in_fault(stack: LocalStack, subarray: Subarray) -> None:
    rules = {rule.tag: rule for rule in alarm_rules(stack)}
    tags = [f"test_sdp_subarray_{number}_obsstate_fault" for number in ("01", "02")]
    first, second = (rules[tag] for tag in tags)
    assert not first.is_true()
    fail(subarray)
    assert first.is_true()
    assert not second.is_true()


def test_alarm_of_controller_is_true_while_a_component_is_offline(stack: LocalStack) -> None:
    rules = {rule.tag: rule for rule in alarm_rules(stack)}
    rule: AlarmRule = rules["test_sdp_control_0_healthstate_degraded_or_unknown"]
    assert stack.simulator is not None
    wait_until(lambda: not rule.is_true())
    stack.simulator.stop()
    wait_until(rule.is_true)
    stack.simulator.start()
    wait_until(lambda: not rule.is_true())
