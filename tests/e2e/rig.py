"""One subarray with a server, an etcd, a network and a subscriber that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import tango

from ska_sdp_config import Config
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from tests.e2e.event_recorder import EventRecorder
from tests.e2e.network import Network
from tests.e2e.subarray import CLIENT_TIMEOUT_MS, Subarray
from tests.services.servers import ServeSubarrays, trl_of
from tests.support.scripts import (
    ADDRESSES,
    assignment,
    change,
    entry,
    name_receiver,
    new_id,
    write_state,
)
from tests.support.waiting import wait_until

COMMAND_TIMEOUT_S = 3600
"""Timeout of commands of the rig's subarray, in seconds."""

RECORDED = ("obsState", "lastCommand", "transactionID", "receiveAddresses")


class Rig:
    """A running server of one subarray, and a subscriber to it.

    Attributes:
        etcd: the database; direct requests do not pass the network.
        network: proxy between server and database.
        server: server of the subarray.
        config: access of a client to the database.
        recorder: events of some attributes since the start of the server.
    """

    recorder: EventRecorder
    subarray: Subarray

    def __init__(self, etcd: Etcd, network: Network, server: DeviceServer, config: Config) -> None:
        self.etcd = etcd
        self.network = network
        self.server = server
        self.config = config
        self._listen()

    def begin(self) -> None:
        """Switch off, receive all events pushed so far, and discard them."""
        if self.subarray.proxy.state() != tango.DevState.OFF:
            self.subarray.command("Off")
        self.recorder.prove()
        self.recorder.clear()

    @property
    def entry(self) -> dict[str, Any]:
        return entry(self.config)

    def restart(self) -> None:
        """Restart the killed server and subscribe again."""
        self.network.cut()
        self.network.release()
        self.server.start()
        self._listen()

    def make_late(self) -> None:
        """Set the time of the last command back by more than any timeout."""
        then = datetime.now(timezone.utc) - timedelta(seconds=2 * COMMAND_TIMEOUT_S)
        change(self.config, "/lmc/subarray/01", last_command_time=then.isoformat())

    def kill(self) -> None:
        """Kill the server, then stop the recorder."""
        self.server.kill()
        self.close()

    def send(self, command: str, argument: str | None) -> int:
        """Send a command without waiting for the reply."""
        given = () if argument is None else (argument,)
        number: int = self.subarray.proxy.command_inout_asynch(command, *given)
        return number

    def send_and_catch(self, command: str, argument: str | None) -> int:
        """Send a command whose commit succeeds while its response is delayed.

        A command that times out before its commit, on a busy machine, is sent again.
        """
        count = self.entry["command_count"]
        for _ in range(5):
            self.network.catch()
            number = self.send(command, argument)
            # The command waits 2 s for the database; a busy machine starts it late.
            if self.network.caught.wait(8):
                wait_until(lambda: self.entry["command_count"] == count + 1)
                return number
            error = self.response(number)
            assert error is not None, f"{command} was carried out, and its commit not caught"
            assert f"{command} was not carried out" in error.desc
            self.wait_for_database()
        raise AssertionError(f"{command} was never carried out: {error}")

    def response(self, number: int) -> tango.DevError | None:
        """Wait for the reply to a command; return the first entry of its error, if any."""
        try:
            self.subarray.proxy.command_inout_reply(number, CLIENT_TIMEOUT_MS)
        except tango.DevFailed as failed:
            error: tango.DevError = failed.args[0]
            return error
        return None

    def wait_for_database(self) -> None:
        """Wait until the server has reconnected to the database."""
        wait_until(self._takes_a_write, 30, "the server reaches its database again")

    def _takes_a_write(self) -> bool:
        try:
            self.subarray.proxy.write_attribute("adminMode", 0)
        except tango.DevFailed:
            return False
        return True

    def _listen(self) -> None:
        # A proxy of the previous server would delay its next connection attempt.
        self.subarray = Subarray(trl_of(self.server))
        self.recorder = EventRecorder([self.subarray], *RECORDED)
        self.recorder.__enter__()

    def close(self) -> None:
        self.recorder.__exit__()


class Observation:
    """An observation of the rig with one processing block, whose script the test plays."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.eb_id, self.pb_id = new_id("eb"), new_id("pb")
        rig.subarray.command("On")
        block = {self.pb_id: ("realtime", "vis-receive")}
        self.command("AssignResources", assignment(self.eb_id, block))

    def command(self, name: str, argument: str | None = None) -> None:
        self.rig.subarray.command(name, argument)

    def write(self, **state: Any) -> None:
        write_state(self.rig.config, self.pb_id, **state)

    def resource(self, ready: bool = True) -> None:
        """Write resources, receive addresses and ready deployments, as the script does."""
        self.write(
            status="RUNNING",
            resources_available=True,
            deployments_ready=ready,
            receive_addresses=ADDRESSES,
        )
        name_receiver(self.rig.config, self.eb_id, self.pb_id)
        self.rig.subarray.wait_for("IDLE")


@contextmanager
def running_rig(etcd: Etcd, serve: ServeSubarrays, **properties: Any) -> Iterator[Rig]:
    """Serve a subarray on an etcd and a network that can fail."""
    where: dict[str, Any] = {"backend": "etcd3", "host": etcd.host, "port": etcd.port}
    network = Network(etcd.port)
    with network, Config(**where) as config:
        (server,) = serve(network.port, ["01"], **properties)
        built = Rig(etcd, network, server, config)
        try:
            yield built
        finally:
            etcd.resume()
            built.close()
            server.stop()
