"""Commands of the observation, each sent after the effect of the one before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import tango

from ska_sdp_config import Config
from ska_sdp_config.entity import Script
from ska_sdp_config.lmc.statuses import PB_ENDED
from ska_sdp_sim.demo.content import scripts
from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.listener import EventTimeoutError, Listener
from ska_sdp_sim.demo.steps import Record, Step, Taken

_TIMEOUT_S = 30.0


def define_scripts(config: Config) -> int:
    """Write the script definitions of the demo to the database; return their number."""
    definitions = scripts()
    for txn in config.txn():
        for definition in definitions:
            key = ":".join(definition[part] for part in ("kind", "name", "version"))
            txn.script.create_or_update(Script(key=key, image=definition["image"]))
    return len(definitions)


def take_steps(
    device: tango.DeviceProxy,
    listener: Listener,
    record: Record,
    announce: Callable[[Step], None],
) -> None:
    """Send the commands, and wait for the obsStates that follow each.

    Raises:
        EventTimeoutError: an obsState was not received; the message names the command.
        tango.DevFailed: a command was rejected.
    """
    due = 1
    for step in record.steps:
        announce(step)
        record.taken.append(send(device, step))
        due += len(step.obs_states)
        _await_obs_states(listener, device.dev_name(), due, step)
        if step.command == "AssignResources":
            record.addresses_at_idle = json.loads(device.receiveAddresses)
        time.sleep(step.hold)


def send(device: tango.DeviceProxy, step: Step) -> Taken:
    """Send one command."""
    sent, began = time.time(), time.monotonic()
    device.command_inout(step.command, step.argument)
    return Taken(step, sent, time.monotonic() - began)


def await_processing(
    config: Config, pb_ids: Sequence[str], announce: Callable[[str, str], None]
) -> dict[str, str]:
    """Wait at most 30 s until all processing blocks have ended; return their statuses."""
    deadline = time.monotonic() + _TIMEOUT_S
    statuses: dict[str, str] = {}
    for watcher in config.watcher(timeout=1.0):
        for txn in watcher.txn():
            states = {pb_id: txn.get_processing_block_state(pb_id) or {} for pb_id in pb_ids}
        before = statuses
        statuses = {pb_id: str(state.get("status")) for pb_id, state in states.items()}
        for pb_id, status in statuses.items():
            if status != before.get(pb_id):
                announce(pb_id, status)
        if set(PB_ENDED).issuperset(statuses.values()) or time.monotonic() > deadline:
            break
    return statuses


def _await_obs_states(listener: Listener, device: str, count: int, step: Step) -> None:
    def received(events: list[Event]) -> bool:
        matching = (event.device == device and event.attribute == "obsState" for event in events)
        return sum(matching) >= count

    try:
        listener.wait_for(received, _TIMEOUT_S)
    except EventTimeoutError as error:
        expected = ", ".join(step.obs_states)
        raise EventTimeoutError(f"after {step.command}, obsState {expected}: {error}") from error
