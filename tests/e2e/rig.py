"""One subarray with all that may break around it: server, etcd, network, subscriber."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import tango

from ska_sdp_config import Config
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from tests.e2e.hearing import Hearing
from tests.e2e.network import Network
from tests.e2e.scripts import change, entry
from tests.e2e.subarray import PATIENCE_MS, Subarray
from tests.services.servers import ServeSubarrays, trl_of
from tests.waiting import wait_until

__all__ = ["HEARD", "TIME_OUT", "Rig", "built_rig"]

TIME_OUT = 3600
"""Seconds that the rig's subarray may wait for what a command brings about."""

HEARD = ("obsState", "lastCommand", "transactionID", "receiveAddresses")


class Rig:
    """A running server of one subarray, and a subscriber to it.

    Attributes:
        etcd: the database; what it is told directly does not pass the network.
        network: between server and database.
        server: of the subarray.
        config: a client's access to the database.
        hearing: what is told of some attributes in this life of the server.
    """

    hearing: Hearing
    subarray: Subarray

    def __init__(self, etcd: Etcd, network: Network, server: DeviceServer, config: Config) -> None:
        self.etcd = etcd
        self.network = network
        self.server = server
        self.config = config
        self._listen()

    def begin(self) -> None:
        """Lead to State OFF, and forget what was heard on the way."""
        if self.subarray.proxy.state() != tango.DevState.OFF:
            self.subarray.command("Off")
        # What was pushed before this is heard before it.
        self.hearing.prove()
        self.hearing.forget()

    @property
    def entry(self) -> dict[str, Any]:
        """What the database holds of the subarray."""
        return entry(self.config)

    def restart(self) -> None:
        """Start the killed server again, and subscribe again."""
        self.network.cut()
        self.network.release()
        self.server.start()
        self._listen()

    def make_late(self) -> None:
        """Make the last command older than any time-out, as if time had passed."""
        then = datetime.now(timezone.utc) - timedelta(seconds=2 * TIME_OUT)
        change(self.config, "/lmc/subarray/01", last_command_time=then.isoformat())

    def kill(self) -> None:
        """Kill the server, as a crash does; the subscriber has heard all that it pushed."""
        self.server.kill()
        self.hearing.__exit__(None, None, None)

    def send(self, command: str, argument: str | None) -> int:
        """Give a command without waiting for its answer."""
        given = () if argument is None else (argument,)
        number: int = self.subarray.proxy.command_inout_asynch(command, *given)
        return number

    def send_and_catch(self, command: str, argument: str | None) -> int:
        """Give a command that is carried out, and of which the server does not hear.

        One that a busy machine does not get as far as its commit is given again.
        """
        count = self.entry["command_count"]
        for _ in range(5):
            self.network.catch()
            number = self.send(command, argument)
            # It waits for the database for 2 s, and a busy machine is late to begin.
            if self.network.caught.wait(8):
                wait_until(lambda: self.entry["command_count"] == count + 1)
                return number
            error = self.answer(number)
            assert error is not None, f"{command} was carried out, and its commit not caught"
            assert f"{command} was not carried out" in error.desc
            self.wait_for_database()
        raise AssertionError(f"{command} was never carried out: {error}")

    def answer(self, number: int) -> tango.DevError | None:
        """Wait for the answer to a command; gives the first entry of its error."""
        try:
            self.subarray.proxy.command_inout_reply(number, PATIENCE_MS)
        except tango.DevFailed as failed:
            error: tango.DevError = failed.args[0]
            return error
        return None

    def wait_for_database(self) -> None:
        """Wait until the server reaches the database again, which it does by itself."""
        wait_until(self._takes_a_write, 30, "the server reaches its database again")

    def _takes_a_write(self) -> bool:
        try:
            self.subarray.proxy.write_attribute("adminMode", 0)
        except tango.DevFailed:
            return False
        return True

    def _listen(self) -> None:
        # A proxy to the server before this one would not try again for a while.
        self.subarray = Subarray(trl_of(self.server))
        self.hearing = Hearing([self.subarray], *HEARD)
        self.hearing.__enter__()

    def close(self) -> None:
        """Subscribe no more."""
        self.hearing.__exit__(None, None, None)


@contextmanager
def built_rig(etcd: Etcd, serve: ServeSubarrays, **properties: Any) -> Iterator[Rig]:
    """Serve a subarray on an etcd that may be broken, over a network that may, too."""
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
