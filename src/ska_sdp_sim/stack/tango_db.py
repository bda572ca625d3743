"""Tango database servers on the loopback interface."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment, installed_program

if TYPE_CHECKING:
    import tango

_INSTANCE = "2"


class TangoDatabaseServer(PortPart):
    """A Tango database server on 127.0.0.1 with any storage."""

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        super().__init__("Tango database", directory / "tango-db.log", port)

    @property
    def tango_host(self) -> str:
        """Value of TANGO_HOST for this database."""
        return self.endpoint

    def connect(self) -> tango.Database:
        """Connect to it, or raise ``tango.DevFailed``."""
        import tango

        return tango.Database(self.host, self.port)

    def is_ready(self) -> bool:
        """Return whether this server, and no other on the port, executes a command."""
        import tango

        try:
            own = self.connect().get_device_info(f"sys/database/{_INSTANCE}")
        except tango.DevFailed:
            return False
        return bool(own.pid == self.process.pid)


class TangoDatabase(TangoDatabaseServer):
    """A Tango database in an SQLite file of a directory; an existing file is used."""

    bind_failure = "Address in use"

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        super().__init__(directory, port=port)
        self.file = directory / "tango.db"

    def command(self) -> list[str]:
        """Return the command line."""
        program = installed_program("PyDatabaseds", "local")
        return [program, "--host", self.host, "--port", str(self.port), _INSTANCE]

    def environment(self) -> dict[str, str]:
        """Return the environment with the path of the file."""
        return clean_environment(PYTANGO_DATABASE_NAME=str(self.file))
