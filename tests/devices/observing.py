"""Devices of this process on a real etcd, led to each obsState with the simulator."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.store.interface import Delete, Entry, Query
from ska_sdp_config.store.keys import EVERYTHING, Span, path_of_key
from ska_sdp_sim import COMPONENTS, Simulator
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.simulator import is_written_by_simulator
from tests.support.scripts import ARGUMENTS
from tests.support.waiting import wait_until

from .conftest import assign_text, rejection, served

SCRIPT = "vis-receive"
FOR_EVER = 3e6
"""Seconds: longer than any test; the simulator delays a pending state by this."""


class Observation:
    """Subarray that is led through observations with unique IDs.

    Attributes:
        subarray: a client's proxy of the device.
        config: its database.
        eb_id: the last execution block.
        pb_id: its processing block, of a script that gives receive addresses.
    """

    def __init__(self, subarray: Any, config: Config) -> None:
        self.subarray = subarray
        self.config = config
        self.eb_id = self.pb_id = ""
        self._numbers = itertools.count()

    @property
    def obs_state(self) -> str:
        return ObsState(self.subarray.obsState).name

    @property
    def entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = json.loads(self.written()["/lmc/subarray/01"].value)
        return entry

    def command(self, name: str, argument: str | None = None) -> None:
        self.subarray.command_inout(name, *([] if argument is None else [argument]))

    def rejection(self, name: str, argument: str | None = None) -> tuple[str, str]:
        """Execute a command that is rejected; return the reason and the text."""
        return rejection(self.command, name, argument)

    def wait_for(self, obs_state: str) -> None:
        wait_until(lambda: self.obs_state == obs_state, 20, f"{obs_state}, not {self.obs_state}")

    def written(self) -> dict[str, Entry]:
        """Return the database without the keys that the simulator writes at any time."""
        reply = self.config.backend.store.read([Query(Span("0", ":"))], timeout=20)
        assert reply.found[0] is not None
        entries = {path_of_key(entry.key): entry for entry in reply.found[0]}
        return {
            path: entry for path, entry in entries.items() if not is_written_by_simulator(path)
        }

    def switch_on(self) -> None:
        """Lead to State ON and EMPTY, from anywhere."""
        if self.subarray.state() != tango.DevState.OFF:
            self.command("Off")
        self.command("On")

    def new_assignment(self, **parameters: float | str) -> str:
        """Make a message of an execution block with a new ID and one processing block.

        Args:
            parameters: parameters of its script in the simulator, with underscores for hyphens.
        """
        number = next(self._numbers)
        self.eb_id = f"eb-test-20260131-{number:05}"
        self.pb_id = f"pb-test-20260131-{number:05}"
        hyphenated = {name.replace("_", "-"): value for name, value in parameters.items()}
        message = json.loads(assign_text(((self.pb_id, SCRIPT),)))
        message["execution_block"]["eb_id"] = self.eb_id
        message["processing_blocks"][0]["parameters"] = {
            "time-to-resource": 0,
            "time-to-ready": 0,
            **hyphenated,
        }
        return json.dumps(message)

    def message_for(self, command: str) -> str | None:
        """Return a valid argument of a command in the current obsState."""
        if command == "AssignResources":
            if self.obs_state == "IDLE":
                return json.dumps({"resources": {"receptors": ["SKA063"]}})
            return self.new_assignment()
        return ARGUMENTS.get(command)

    def lead_to(self, obs_state: str) -> None:
        """Begin a new observation and lead it to an obsState, which then lasts."""
        self.switch_on()
        _WAYS[obs_state](self)
        self.wait_for(obs_state)
        if obs_state not in ("RESOURCING", "CONFIGURING", "RESETTING", "FAULT"):
            # The server publishes the end of the wait before it writes it.
            wait_until(lambda: self.entry["reached"], what="the end of the wait is stored")

    def _assign(self, until: str = "IDLE", **parameters: float | str) -> None:
        self.command("AssignResources", self.new_assignment(**parameters))
        self.wait_for(until)

    def _configure(self) -> None:
        self._assign()
        self.command("Configure", self.message_for("Configure"))
        self.wait_for("READY")

    def _scan(self) -> None:
        self._configure()
        self.command("Scan", self.message_for("Scan"))

    def _hold_configuring(self) -> None:
        self._assign(time_to_ready=FOR_EVER)
        self.command("Configure", self.message_for("Configure"))

    def _abort(self) -> None:
        self._assign()
        self.command("Abort")

    def _hold_resetting(self) -> None:
        self._assign("RESOURCING", time_to_resource=FOR_EVER)
        self.command("Abort")
        self.command("ObsReset")


_WAYS: dict[str, Callable[[Observation], None]] = {
    "EMPTY": lambda observation: None,
    "RESOURCING": lambda each: each._assign("RESOURCING", time_to_resource=FOR_EVER),
    "IDLE": lambda each: each._assign(),
    "CONFIGURING": Observation._hold_configuring,
    "READY": Observation._configure,
    "SCANNING": Observation._scan,
    "ABORTED": Observation._abort,
    "RESETTING": Observation._hold_resetting,
    "FAULT": lambda each: each._assign("FAULT", fail_at="starting", exception="no space"),
}


@contextmanager
def observation(
    etcd: Etcd,
    components: tuple[str, ...] = COMPONENTS,
    port: int | None = None,
    **properties: Any,
) -> Iterator[Observation]:
    """Serve the devices on an etcd that is emptied first, with the simulator.

    Args:
        etcd: a running server.
        components: components that the simulator provides.
        port: port of the server for the devices, if not its own.
        properties: device properties of the subarray.
    """
    with emptied(etcd, port) as config:
        for txn in config.txn():
            txn.create_script("realtime", SCRIPT, "1.0.0", {"image": f"registry/{SCRIPT}:1.0.0"})
        # A long limit for busy machines; other tests check the default.
        properties = {"TimeoutDatabase": "20", **properties}
        with (
            Simulator(components, **arguments(etcd)),
            served(**properties) as (_, subarray),
        ):
            yield Observation(subarray, config)


def arguments(etcd: Etcd) -> dict[str, Any]:
    """Return the arguments of a Config on an etcd."""
    return {"backend": "etcd3", "host": etcd.host, "port": etcd.port}


@contextmanager
def emptied(etcd: Etcd, port: int | None = None) -> Iterator[Config]:
    """Empty an etcd and give its address to the devices of this process.

    Args:
        etcd: a running server.
        port: port of the server for the devices, if not its own.
    """
    with pytest.MonkeyPatch.context() as environment, Config(**arguments(etcd)) as config:
        for name, value in {**arguments(etcd), "port": port or etcd.port}.items():
            environment.setenv(f"SDP_CONFIG_{name.upper()}", str(value))
        config.backend.store.commit([], [Delete(EVERYTHING)], timeout=20)
        yield config
