"""The Tango database of production: MariaDB, and Debian's server started by our own scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from ska_sdp_sim.stack.part import PortPart, never_interrupted
from ska_sdp_sim.stack.programs import clean_environment
from ska_sdp_sim.stack.tango_db import TangoDatabaseServer

SET_UP = Path(__file__).parents[2] / "tango-db"
"""Directory of the production setup."""

USER = "tango"
PASSWORD = "no secret"

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"

# Small, and without fsync, which is not needed to survive SIGKILL. A server empties its directory
# of temporary tables when it starts, so it is not shared.
_OPTIONS = """[mariadbd]
datadir = {directory}/data
tmpdir = {directory}/tmp
socket = {directory}/socket
pid-file = {directory}/pid
bind-address = 127.0.0.1
user = {user}
skip-name-resolve
innodb_log_file_size = 4M
innodb_buffer_pool_size = 8M
innodb_flush_log_at_trx_commit = 0
innodb_doublewrite = 0
"""


def missing_programs() -> list[str]:
    """Return the required programs that are missing."""
    needed = ("mariadbd", "mariadb-install-db", "mariadb", "tango_admin")
    missing = [name for name in needed if shutil.which(name, path=_PATH) is None]
    return missing if Path("/usr/lib/tango/DataBaseds").exists() else [*missing, "DataBaseds"]


class MariaDb(PortPart):
    """A MariaDB with an empty database ``tango`` and a user of the same name."""

    bind_failure = "Address already in use"

    def __init__(self, directory: Path) -> None:
        super().__init__("MariaDB", directory / "mariadb.log", None)
        self.directory = directory

    def command(self) -> list[str]:
        program = shutil.which("mariadbd", path=_PATH)
        assert program is not None
        return [program, f"--defaults-file={self._options}", f"--port={self.port}"]

    def environment(self) -> dict[str, str]:
        return clean_environment()

    def is_ready(self) -> bool:
        return self._sql("SELECT 1").returncode == 0

    def launch(self) -> None:
        if not self._options.exists():
            self._install()
        super().launch()

    def wait(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        super().wait(interrupted)
        made = self._sql(
            "CREATE DATABASE IF NOT EXISTS tango;"
            f"CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}';"
            f"GRANT ALL ON tango.* TO {USER}@'%'"
        )
        assert made.returncode == 0, made.stderr

    def query(self, statement: str) -> list[str]:
        done = self._sql(statement, "tango")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @property
    def way(self) -> dict[str, str]:
        """Variables with its address and login for the scripts."""
        return {"MYSQL_HOST": self.endpoint, "MYSQL_USER": USER, "MYSQL_PASSWORD": PASSWORD}

    @property
    def _options(self) -> Path:
        return self.directory / "my.cnf"

    def _install(self) -> None:
        (self.directory / "tmp").mkdir(parents=True, exist_ok=True)
        user = "root" if os.geteuid() == 0 else str(os.geteuid())
        options = _OPTIONS.format(directory=self.directory, user=user)
        made = self.directory / "making.cnf"
        made.write_text(options)
        install = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        done = subprocess.run(
            ["mariadb-install-db", f"--defaults-file={made}", *install],
            env=clean_environment(PATH=_PATH),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        made.rename(self._options)

    def _sql(self, statement: str, *database: str) -> subprocess.CompletedProcess[str]:
        client = ["mariadb", "--no-defaults", f"--socket={self.directory / 'socket'}"]
        return subprocess.run(
            [*client, "--user=root", "--batch", "-N", "-e", statement, *database],
            capture_output=True,
            text=True,
        )


class MariaTangoDatabase(TangoDatabaseServer):
    """Debian's Tango database server, and the MariaDB behind it.

    A kill or a stop of it leaves MariaDB running, until the end of the ``with``.
    """

    bind_failure = "Received a CORBA::Exception"

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        super().__init__(directory, port=port)
        self.mariadb = MariaDb(directory)

    def command(self) -> list[str]:
        return [str(SET_UP / "serve.sh")]

    def environment(self) -> dict[str, str]:
        where = {"TANGO_DB_LISTEN": self.host, "TANGO_DB_PORT": str(self.port)}
        return clean_environment(**self.mariadb.way, **where)

    def launch(self) -> None:
        if not self.mariadb.running:
            self.mariadb.start()
        made = self.make_schema()
        assert made.returncode == 0, made.stdout + made.stderr
        super().launch()

    def make_schema(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the script that creates a missing schema."""
        return self._run("schema.sh", self.mariadb.way | settings)

    def health(self) -> int:
        """Run the health check; return its exit code."""
        return self._run("health.sh", self.environment()).returncode

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.mariadb.stop()

    @staticmethod
    def _run(script: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SET_UP / script)],
            env=clean_environment(**settings),
            capture_output=True,
            text=True,
        )
