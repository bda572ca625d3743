"""What the operators' guide says of a backup of the Tango database, done on a real MariaDB."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.mariadb import MariaDb, missing_programs

GUIDE = Path(__file__).parents[2] / "docs/operations/backup-and-restore.md"
SCHEMA = Path("/usr/share/dbconfig-common/data/tango-db/install/mysql")
INSERT = (
    "INSERT INTO property_device (device, name, value, updated) VALUES ('{}', 'P', '{}', NOW())"
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        bool(missing_programs()) or not SCHEMA.exists() or shutil.which("mariadb-dump") is None,
        reason="MariaDB or tango-db is missing: .ci/run installs them on Debian.",
    ),
]


def in_the_container(program: str) -> str:
    """The command of the guide that runs a program in MariaDB's container."""
    found = re.findall(r"sh -c \\\n *'(MYSQL_PWD=[^']*)'", GUIDE.read_text())
    (command,) = (each for each in found if f" {program} " in each)
    return str(command)


def guided(server: MariaDb, program: str, given: bytes = b"") -> bytes:
    """Do what the guide does in MariaDB's container."""
    here = in_the_container(program).replace(
        "--host=127.0.0.1", f"--host={server.host} --port={server.port}"
    )
    return subprocess.run(
        ["sh", "-c", here],
        input=given,
        env=os.environ | {"MARIADB_PASSWORD": server.way["MYSQL_PASSWORD"]},
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout


@pytest.fixture
def mariadb(tmp_path: Path) -> Iterator[MariaDb]:
    """One with Tango's tables, made by the user whom the guide dumps them as."""
    with MariaDb(tmp_path) as server:
        guided(server, "mariadb", SCHEMA.read_bytes())
        yield server


def test_a_dump_brings_the_tango_database_back(mariadb: MariaDb) -> None:
    def properties() -> list[str]:
        return mariadb.query("SELECT value FROM property_device")

    def procedures() -> list[str]:
        return mariadb.query("SELECT name FROM mysql.proc WHERE db = 'tango' ORDER BY name")

    mariadb.query(INSERT.format("test-sdp/subarray/01", "by hand"))
    before = properties(), procedures()
    assert before[0] == ["by hand"]
    assert "ds_start" in before[1]
    dump = guided(mariadb, "mariadb-dump")
    mariadb.query("DROP PROCEDURE ds_start")
    mariadb.query("DELETE FROM property_device")
    mariadb.query(INSERT.format("test-sdp/subarray/02", "later"))
    guided(mariadb, "mariadb", dump)
    assert (properties(), procedures()) == before
