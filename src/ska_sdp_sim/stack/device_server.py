"""Device server process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.port_plan import ServerPorts
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.programs import clean_environment, installed_program

_HOST = "127.0.0.1"


class DeviceServer(Part):
    """A server process with the devices registered for it in the Tango database.

    Args:
        server: Name of the server and its instance, ``SDPSubarray/01``.
        settings: Environment variables: the addresses of both databases, and any others.
        serves_health: Whether it serves the health endpoints over HTTP.
        ports: None chooses free ones.
    """

    def __init__(
        self,
        server: str,
        devices: Sequence[str],
        directory: Path,
        settings: Mapping[str, str],
        *,
        serves_health: bool = False,
        ports: ServerPorts | None = None,
    ) -> None:
        super().__init__(server, directory / f"{server.replace('/', '-')}.log")
        self.devices = list(devices)
        self.settings = dict(settings)
        self._port = 0
        if ports is not None:
            self._port = ports.tango
            self.settings |= {
                "TANGO_ZMQ_HEARTBEAT_PORT": str(ports.heartbeat),
                "TANGO_ZMQ_EVENT_PORT": str(ports.events),
            }
        if serves_health:
            self.settings |= {
                "SDP_LMC_HEALTH_ADDRESS": _HOST,
                "SDP_LMC_HEALTH_PORT": str(free_port(_HOST) if ports is None else ports.health),
            }

    @property
    def health(self) -> str | None:
        """``host:port`` of its health endpoints; None if it has none."""
        port = self.settings.get("SDP_LMC_HEALTH_PORT")
        return None if port is None else f"{_HOST}:{port}"

    def command(self) -> list[str]:
        """Return the command line; port 0 listens on a free port."""
        program, _, instance = self.name.partition("/")
        return [
            installed_program(program, "tango"),
            instance,
            "-ORBendPoint",
            f"giop:tcp:{_HOST}:{self._port}",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment with the settings."""
        return clean_environment(**self.settings)

    def is_ready(self) -> bool:
        """Return whether this process serves all devices, and none is in state INIT."""
        import tango

        host, _, port = self.settings["TANGO_HOST"].partition(":")
        try:
            database = tango.Database(host, int(port))
            for name in self.devices:
                if database.get_device_info(name).pid != self.process.pid:
                    return False
                device = tango.DeviceProxy(f"tango://{host}:{port}/{name}")
                if device.state() == tango.DevState.INIT:
                    return False
        except tango.DevFailed:
            return False
        return True
