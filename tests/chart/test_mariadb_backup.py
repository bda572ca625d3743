"""Backup of the Tango database by the operators' guide, on a real MariaDB."""

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
    """Return the command of the guide that runs a program in MariaDB's container."""
    found = re.findall(r"sh -c \\\n *'(MYSQL_PWD=[^']*)'", GUIDE.read_text())
    (command,) = (each for each in found if f" {program} " in each)
    return str(command)


def run_guide(server: MariaDb, program: str, given: bytes = b"") -> bytes:
    """Run a command of the guide for MariaDB's container; return its output."""
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
    """MariaDB with Tango's tables, created by the user that dumps them in the guide."""
    with MariaDb(tmp_path) as server:
        run_guide(server, "mariadb", SCHEMA.read_bytes())
        yield server


def test_dump_restores_the_tango_database(mariadb: MariaDb) -> None:
    def properties() -> list[str]:
        return mariadb.query("SELECT value FROM property_device")

    def procedures() -> list[str]:
        return mariadb.query("SELECT name FROM mysql.proc WHERE db = 'tango' ORDER BY name")

    mariadb.query(INSERT.format("test-sdp/subarray/01", "by hand"))
    before = properties(), procedures()
    assert before[0] == ["by hand"]
    assert "ds_start" in before[1]
    dump = run_guide(mariadb, "mariadb-dump")
    mariadb.query("DROP PROCEDURE ds_start")
    mariadb.query("DELETE FROM property_device")
    mariadb.query(INSERT.format("test-sdp/subarray/02", "later"))
    run_guide(mariadb, "mariadb", dump)
    assert (properties(), procedures()) == before
