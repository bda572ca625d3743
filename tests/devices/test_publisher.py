"""Publisher: order of events and of views."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.derive import SubarrayView, derive
from ska_sdp_config.lmc.health import Fault, Outage
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import HealthState, Json, ObsState, State
from ska_sdp_config.lmc.system import ControllerView, System, derive_system
from ska_sdp_lmc.devices.base import LmcDevice
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.runtime.attributes import BUILT_IN
from ska_sdp_lmc.runtime.publisher import Publisher

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
EMPTY = derive(Snapshot(0, "01", {}), NOON, ModelSettings(required_components=()))


class Device:
    """Attribute sink that records events and requires its monitor."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.held = 0
        self.pushed: list[tuple[str, Any]] = []
        self.state: tuple[State, str] | None = None

    @contextmanager
    def monitor(self) -> Iterator[None]:
        with self.lock:
            self.held += 1
            yield
            self.held -= 1

    def set_state_and_status(self, state: State, status: str) -> None:
        self.state = state, status

    def push(self, name: str, value: Any, when: float) -> None:
        assert self.held
        assert when == 42.0
        self.pushed.append((name, value))

    def take(self) -> list[tuple[str, Any]]:
        pushed, self.pushed = self.pushed, []
        return pushed


def view(
    revision: int,
    count: int,
    final: ObsState,
    transient: ObsState | None = None,
    faults: tuple[Fault, ...] | None = (),
    **values: Any,
) -> SubarrayView:
    return replace(
        EMPTY,
        revision=revision,
        command_count=count,
        obs_state=final,
        transient=transient,
        faults=faults,
        **values,
    )


def publisher_of(device: Device, device_class: type[LmcDevice] = SDPSubarray) -> Publisher:
    table = (*BUILT_IN, *device_class.attributes)
    publisher = Publisher(device, table, "there:1", lambda: 42.0, lambda: NOON)
    with device.monitor():
        publisher.publish_initial()
    return publisher


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def publisher(device: Device) -> Publisher:
    publisher = publisher_of(device)
    device.take()
    return publisher


def test_initial_values_before_first_view(device: Device) -> None:
    publisher = publisher_of(device)
    assert device.state == (State.INIT, "Waits for the configuration database at there:1.")
    assert publisher.read("obsState") is None
    assert publisher.read("healthState") == (HealthState.UNKNOWN, 42.0)
    assert not publisher.has_view


def test_first_view_pushes_no_transient_state(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.IDLE, ObsState.RESOURCING, eb_id="x"))
    pushed = device.take()
    assert pushed[-1] == ("obsState", ObsState.IDLE)
    assert [name for name, _ in pushed].count("obsState") == 1
    assert ("ebID", "x") in pushed
    assert ("healthState", HealthState.OK) in pushed
    assert publisher.read("ebID") == ("x", 42.0)


def test_transient_obs_state_is_pushed_first_and_final_last(
    device: Device, publisher: Publisher
) -> None:
    publisher.publish(view(5, 3, ObsState.EMPTY, None, receive_addresses="{}"))
    device.take()
    publisher.publish(view(6, 4, ObsState.IDLE, ObsState.RESOURCING, receive_addresses="{1}"))
    assert device.take() == [
        ("obsState", ObsState.RESOURCING),
        ("receiveAddresses", "{1}"),
        ("Status", "OFF, IDLE"),
        ("obsState", ObsState.IDLE),
    ]


def test_configure_from_ready_pushes_configuring(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.READY))
    device.take()
    publisher.publish(view(6, 4, ObsState.READY, ObsState.CONFIGURING, scan_type="b"))
    assert device.take() == [
        ("obsState", ObsState.CONFIGURING),
        ("scanType", "b"),
        ("obsState", ObsState.READY),
    ]


def test_pending_state_is_pushed_once(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.IDLE))
    device.take()
    publisher.publish(view(6, 4, ObsState.CONFIGURING, ObsState.CONFIGURING, scan_type="b"))
    assert device.take() == [
        ("obsState", ObsState.CONFIGURING),
        ("scanType", "b"),
        ("Status", "OFF, CONFIGURING"),
    ]
    publisher.publish(view(7, 4, ObsState.READY, ObsState.CONFIGURING, scan_type="b"))
    assert device.take() == [("Status", "OFF, READY"), ("obsState", ObsState.READY)]


def test_only_changed_attributes_are_pushed(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.IDLE, scan_id=1, pb_state="{2}"))
    device.take()
    assert publisher.publish(view(6, 3, ObsState.IDLE, scan_id=1, pb_state="{3}")) == {
        "pbState": "{3}"
    }
    assert device.take() == [("pbState", "{3}")]


def test_older_and_equal_views_are_dropped(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.IDLE))
    device.take()
    publisher.publish(view(4, 2, ObsState.EMPTY))
    publisher.publish(view(5, 3, ObsState.FAULT))
    assert device.take() == []
    assert publisher.read("obsState") == (ObsState.IDLE, 42.0)


def test_expired_timeout_is_published_once_at_same_revision(
    device: Device, publisher: Publisher
) -> None:
    publisher.publish(view(5, 3, ObsState.RESOURCING))
    device.take()
    late = replace(view(5, 3, ObsState.FAULT, error_messages="{1}"), timed_out=True)
    publisher.publish(late)
    assert device.take() == [
        ("errorMessages", "{1}"),
        ("Status", "OFF, FAULT"),
        ("obsState", ObsState.FAULT),
    ]
    publisher.publish(late)
    publisher.publish(view(5, 3, ObsState.RESOURCING))
    assert device.take() == []
    # It is written, and then a command comes.
    publisher.publish(view(6, 3, ObsState.FAULT, error_messages="{1}"))
    publisher.publish(view(7, 4, ObsState.EMPTY, ObsState.RESTARTING, error_messages="{1}"))
    assert device.take() == [
        ("obsState", ObsState.RESTARTING),
        ("Status", "OFF, EMPTY"),
        ("obsState", ObsState.EMPTY),
    ]


def test_partial_view_keeps_other_attributes(device: Device) -> None:
    publisher = publisher_of(device, SDPController)
    settings = ModelSettings(components=(), storage_key="/any")

    def whole(revision: int, **components: Any) -> ControllerView:
        documents: dict[str, Json] = {f"/component/{name}/owner": {} for name in components}
        return derive_system(System(revision, documents), settings)

    publisher.publish(whole(5))
    device.take()
    publisher.publish(ControllerEntry(state_commanded=State.OFF).view(7))
    assert device.take() == [("State", State.OFF), ("Status", "OFF")]
    # The other attributes at that revision are still to be published.
    publisher.publish(whole(7, proccontrol=1))
    assert device.take() == [("components", '{"proccontrol": {"status": "ONLINE"}}')]


def test_views_after_close_are_dropped(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.IDLE))
    device.take()
    publisher.close()

    def monitor() -> NoReturn:
        raise AssertionError("Tango has ended: there is no monitor any more")

    device.monitor = monitor  # type: ignore[method-assign]
    publisher.publish(view(6, 4, ObsState.READY))
    publisher.show_outage(Outage("there:1", NOON))
    assert device.take() == []


def test_outage_and_its_end_are_published(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(5, 3, ObsState.SCANNING))
    device.take()
    publisher.show_outage(Outage("there:1", NOON))
    text = "The configuration database at there:1 does not answer, since 2026-01-31T12:00:00.000Z."
    assert device.take() == [
        ("healthState", HealthState.FAILED),
        ("healthInfo", [text]),
        ("Status", f"OFF, SCANNING: {text}"),
    ]
    assert publisher.read("obsState") == (ObsState.SCANNING, 42.0)
    publisher.show_outage(None)
    assert device.take() == [
        ("healthState", HealthState.OK),
        ("healthInfo", []),
        ("Status", "OFF, SCANNING"),
    ]


def test_text_is_escaped_for_tango(publisher: Publisher) -> None:
    fault = Fault("x", "Ein Fehler: größer ∞\0")
    publisher.publish(view(5, 3, ObsState.IDLE, None, (fault,), eb_id="éb-☃\0"))
    assert publisher.read("ebID") == ("\\xe9b-\\u2603\\x00", 42.0)
    info = publisher.read("healthInfo")
    assert info is not None
    assert info[0][0].isascii()


FINALS = [ObsState.EMPTY, ObsState.IDLE, ObsState.READY]


@given(
    order=st.permutations(range(8)),
    finals=st.lists(st.sampled_from(FINALS), min_size=8, max_size=8),
    counts=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_views_in_any_order_end_with_newest(
    order: list[int], finals: list[ObsState], counts: list[bool]
) -> None:
    """Eight revisions of one history, some by commands, published in any order."""
    device = Device()
    publisher = publisher_of(device)
    history = [
        view(revision, sum(counts[: revision + 1]), finals[revision], ObsState.RESOURCING)
        for revision in range(8)
    ]
    newest = -1
    for revision in order:
        device.take()
        publisher.publish(history[revision])
        states = [value for name, value in device.take() if name == "obsState"]
        if revision < newest:
            assert states == []
            continue
        commanded = newest >= 0 and history[revision].command_count > history[newest].command_count
        first = newest < 0
        before, newest = newest, revision
        if commanded:
            assert states == [ObsState.RESOURCING, finals[revision]]
        elif first or finals[revision] is not finals[before]:
            assert states == [finals[revision]]
        else:
            assert states == []
    assert publisher.read("obsState") == (finals[7], 42.0)


def test_concurrent_publications_do_not_mix_events(device: Device, publisher: Publisher) -> None:
    publisher.publish(view(0, 0, ObsState.READY, scan_id=0))
    device.take()

    def publish(numbers: range) -> None:
        for number in numbers:
            publisher.publish(
                view(number, number, ObsState.READY, ObsState.CONFIGURING, scan_id=number)
            )

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(publish, (range(1, 400, 2), range(2, 400, 2))))
    pushed = device.take()
    assert len(pushed) % 3 == 0
    values = []
    for index in range(0, len(pushed), 3):
        first, middle, last = pushed[index : index + 3]
        assert first == ("obsState", ObsState.CONFIGURING)
        assert last == ("obsState", ObsState.READY)
        values.append(middle[1])
    assert values == sorted(set(values))
    assert values[-1] == 399
