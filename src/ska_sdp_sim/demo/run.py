"""Run the demo."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import tango
from rich.console import Console

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_sim.demo.content import Content
from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.judge import judge
from ska_sdp_sim.demo.listener import EventTimeoutError, Listener
from ska_sdp_sim.demo.observe import await_processing, define_scripts, send, take_steps
from ska_sdp_sim.demo.show import EventLog, make_console, show_summary
from ska_sdp_sim.demo.steps import Record, Step, observation

_SUBARRAY = (
    "State",
    "obsState",
    "healthState",
    "resources",
    "ebID",
    "receiveAddresses",
    "scanType",
    "scanID",
    "pbState",
)
_CONTROLLER = ("State", "healthState")
_OFF = Step("Off")


def run(prefix: str, subarray: str) -> int:
    """Run one observation; print all events and a summary.

    The environment selects the Tango database (TANGO_HOST) and the configuration database.

    Args:
        prefix: Prefix of ``-sdp`` in the device names.
        subarray: ID of the subarray; it must be OFF.

    Returns:
        0 if all checks passed, else 1.
    """
    console = make_console()
    name = f"{prefix}-sdp/subarray/{subarray}"
    try:
        return _run(console, name, f"{prefix}-sdp/control/0")
    except tango.DevFailed as error:
        fault = error.args[0].desc.strip()
    except (ConfigConnectionError, EventTimeoutError) as error:
        fault = str(error)
    console.print(f"✗ The demo failed: {fault}", style="bold red")
    return 1


def _run(console: Console, name: str, controller_name: str) -> int:
    device = tango.DeviceProxy(name)
    controller = tango.DeviceProxy(controller_name)
    if device.state() != tango.DevState.OFF:
        console.print(f"✗ {name} is {device.state()}, and in use: switch it OFF", style="bold red")
        return 1
    content = Content.new()
    record = Record(content, observation(content))
    log = EventLog(console, time.monotonic())
    subjects = {name: _SUBARRAY, controller_name: _CONTROLLER}
    with Config() as config, Listener(subjects, log.event) as listener:
        console.print(f"{define_scripts(config)} scripts are defined")
        log.heading()
        listener.wait_ready()
        with _controller_on(controller, log), _off_if_it_fails(device):
            take_steps(device, listener, record, log.step)
            pb_ids = [*content.pb_ids("realtime"), *content.pb_ids("batch")]
            log.step(Step("waiting", about="for the batch processing"))
            record.processing = await_processing(config, pb_ids, log.processing)
            log.step(_OFF)
            record.taken.append(send(device, _OFF))
            listener.wait_for(lambda events: _is_off(events, name), timeout=30.0)
    events = [event for event in listener.events if event.device == name]
    verdicts = judge(record, events)
    show_summary(console, record, events, verdicts)
    return 0 if all(verdict.good for verdict in verdicts) else 1


@contextmanager
def _controller_on(controller: tango.DeviceProxy, log: EventLog) -> Iterator[None]:
    """Switch the controller on inside the context, and restore its state on exit."""
    if controller.state() == tango.DevState.ON:
        yield
        return
    log.step(Step("On", about="controller"))
    controller.On()
    with _off_if_it_fails(controller):
        yield
    log.step(Step("Off", about="controller"))
    controller.Off()


@contextmanager
def _off_if_it_fails(device: tango.DeviceProxy) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # Also after Ctrl-C. A failure of Off must not hide the original error.
        with suppress(tango.DevFailed):
            device.Off()
        raise


def _is_off(events: Sequence[Event], name: str) -> bool:
    return any(
        (event.device, event.attribute, event.value, event.first) == (name, "State", "OFF", False)
        for event in events
    )
