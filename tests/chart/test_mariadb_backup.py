"""What the operators' guide says of a backup of the Tango database, done on a real MariaDB."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_lmc.stack.part import PortPart

GUIDE = Path(__file__).parents[2] / "docs/operations/backup-and-restore.md"
SCHEMA = Path("/usr/share/dbconfig-common/data/tango-db/install/mysql")
PROGRAMS = ("mariadb", "mariadb-admin", "mariadb-dump", "mariadb-install-db")
PASSWORD = "of the chart's Secret"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not SCHEMA.exists() or not all(map(shutil.which, PROGRAMS)),
        reason="MariaDB or tango-db is missing: .ci/run installs them on Debian.",
    ),
]


class MariaDb(PortPart):
    """A MariaDB on 127.0.0.1 that asks the user tango for the chart's password."""

    bind_failure = "Address already in use"

    def __init__(self, directory: Path) -> None:
        super().__init__("MariaDB", directory / "mariadb.log", None)
        self._directory = directory
        self._socket = directory / "s"

    def command(self) -> list[str]:
        program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        return [
            program,
            "--no-defaults",
            *_as_root(),
            f"--datadir={self._directory / 'data'}",
            f"--socket={self._socket}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
        ]

    def answers(self) -> bool:
        ping = ["mariadb-admin", "--no-defaults", f"--socket={self._socket}", "ping"]
        return subprocess.run(ping, capture_output=True, check=False).returncode == 0

    def sql(self, text: str) -> str:
        """Do something as the administrator."""
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self._socket}", "-N", "-e", text],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def guided(self, command: str, given: bytes = b"") -> bytes:
        """Do what the guide does in MariaDB's container."""
        here = command.replace("--host=127.0.0.1", f"--host={self.host} --port={self.port}")
        return subprocess.run(
            ["sh", "-c", here],
            input=given,
            env=os.environ | {"MARIADB_PASSWORD": PASSWORD},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def in_the_container(program: str) -> str:
    """The command of the guide that runs a program in MariaDB's container."""
    found = re.findall(r"sh -c \\\n *'(MYSQL_PWD=[^']*)'", GUIDE.read_text())
    (command,) = (each for each in found if f" {program} " in each)
    return str(command)


@pytest.fixture
def mariadb(tmp_path: Path) -> Iterator[MariaDb]:
    """One with Tango's tables, made by the user whom the guide dumps them as."""
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            "--skip-test-db",
            f"--datadir={tmp_path / 'data'}",
            *_as_root(),
        ],
        capture_output=True,
        check=True,
    )
    with MariaDb(tmp_path) as server:
        server.sql(
            "CREATE DATABASE tango;"
            f"CREATE USER tango@'%' IDENTIFIED BY \"{PASSWORD}\";"
            "GRANT ALL ON tango.* TO tango@'%'"
        )
        server.guided(in_the_container("mariadb"), SCHEMA.read_bytes())
        yield server


def test_a_dump_brings_the_tango_database_back(mariadb: MariaDb) -> None:
    def properties() -> str:
        return mariadb.sql("SELECT value FROM tango.property_device")

    def procedures() -> str:
        return mariadb.sql("SELECT COUNT(*) FROM mysql.proc WHERE db = 'tango'")

    insert = (
        "INSERT INTO tango.property_device (device, name, value, updated) "
        "VALUES ('{}', 'P', '{}', NOW())"
    )
    mariadb.sql(insert.format("test-sdp/subarray/01", "by hand"))
    before = properties(), procedures()
    assert "by hand" in before[0]
    assert int(before[1]) > 0
    dump = mariadb.guided(in_the_container("mariadb-dump"))
    mariadb.sql("DROP PROCEDURE tango.ds_start")
    mariadb.sql("DELETE FROM tango.property_device")
    mariadb.sql(insert.format("test-sdp/subarray/02", "later"))
    mariadb.guided(in_the_container("mariadb"), dump)
    assert (properties(), procedures()) == before
