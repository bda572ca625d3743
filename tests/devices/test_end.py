"""End of a device: it waits until no thread uses it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from unittest.mock import Mock, call

import pytest
import tango

from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_lmc.devices import base
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.registration import Registration
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY
from .conftest import running_loops


class Held:
    """Iteration of a device's watch loop, which lasts until it is released.

    Attributes:
        last: called at its end.
        done: set once ``last`` has returned.
    """

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()
        self.last: Callable[[Publisher], object] = lambda publisher: None
        self.done = threading.Event()

    def reconcile(self, watcher: Watcher[Any], publisher: Publisher) -> None:
        """Take the place of ``LmcDevice.reconcile``; later iterations do nothing."""
        if not self.begun.is_set():
            self.begun.set()
            self.release.wait(60)
            self.last(publisher)
            self.done.set()


@pytest.fixture
def held(subarray_device: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Iteration of the subarray's watch loop that has begun."""
    held = Held()
    monkeypatch.setattr(subarray_device, "reconcile", held.reconcile)
    subarray_device._watch_loop._watcher.trigger()
    assert held.begun.wait(30)
    yield held
    held.release.set()


def test_deletion_waits_for_the_watch_loops_of_all_inits(
    subarray: Any, subarray_device: Any, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "END_TIMEOUT_S", 60.0)
    subarray.Init()
    assert running_loops() == 2
    deletion = threading.Thread(target=subarray_device.delete_device)
    deletion.start()
    deletion.join(0.2)
    assert deletion.is_alive()
    held.release.set()
    deletion.join(30)
    assert not deletion.is_alive()
    assert running_loops() == 0


def test_thread_that_outlasts_its_device_is_named_and_logs_without_it(
    subarray_device: Any, held: Held, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    def fail(publisher: Publisher) -> NoReturn:
        raise LookupError("a bug of the test")

    monkeypatch.setattr(base, "END_TIMEOUT_S", 0.05)
    held.last = fail
    subarray_device.delete_device()
    assert f"{SUBARRAY} ends, but thread watch-{SUBARRAY} still runs." in log.getvalue()
    # Tango destroys its logger with the device.
    monkeypatch.setattr(subarray_device, "get_logger", None)
    held.release.set()
    wait_until(lambda: running_loops() == 0)
    assert "LookupError: a bug of the test" in log.getvalue()


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda publisher: publisher.publish(publisher.view), id="publish"),
        pytest.param(lambda publisher: publisher.show_outage(None), id="show_outage"),
        pytest.param(Publisher.reset_revisions, id="reset_revisions"),
    ],
)
def test_thread_that_outlasts_its_device_does_not_wait_for_its_monitor(
    subarray_device: Any,
    held: Held,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[[Publisher], object],
) -> None:
    monkeypatch.setattr(base, "END_TIMEOUT_S", 0.05)
    held.last = use
    subarray_device.delete_device()
    with tango.EnsureOmniThread(), tango.AutoTangoMonitor(subarray_device):
        held.release.set()
        wait_until(lambda: running_loops() == 0)
    # A monitor that another thread holds is not acquired: waiting for it ends with an error.
    assert held.done.is_set()


@pytest.mark.parametrize(("is_ending", "is_stopped"), [(True, True), (True, False), (False, True)])
def test_deletion_stops_the_check_of_the_registration_of_a_server_that_ends(
    is_ending: bool,
    is_stopped: bool,
    subarray_device: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    registration = Mock(spec=Registration)
    registration.stop.return_value = is_stopped
    monkeypatch.setattr(base, "REGISTRATION", registration)
    monkeypatch.setattr(base, "is_server_ending", lambda: is_ending)
    subarray_device.delete_device()
    assert registration.stop.mock_calls == ([call(base.END_TIMEOUT_S)] if is_ending else [])
    assert ("during a check of the server's registration" in caplog.text) is not is_stopped
