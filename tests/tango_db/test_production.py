"""The set-up for production: schema, server and health check on a real MariaDB, compose file."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import tango
import yaml

from ska_sdp_lmc.ops.tango_db.data import read
from ska_sdp_lmc.ops.tango_db.register import register
from tests.services.mariadb import SET_UP, MariaTangoDatabase, missing_programs
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaTangoDatabase]:
    if missing := missing_programs():
        pytest.skip(f"this machine lacks {', '.join(missing)}: .ci/packages lists the packages")
    with MariaTangoDatabase(tmp_path_factory.mktemp("production")) as server:
        yield server


@pytest.fixture
def production(_started: MariaTangoDatabase) -> Iterator[MariaTangoDatabase]:
    """A running one, which a test may break."""
    yield _started
    _started.mariadb.resume()
    if not _started.mariadb.running:
        _started.mariadb.start()
    if not _started.running:
        _started.start()


def test_complete_schema_is_kept(production: MariaTangoDatabase) -> None:
    register(production.connect(), read().devices())
    before = production.mariadb.query("SELECT * FROM device ORDER BY name")
    done = production.make_schema()
    assert (done.returncode, done.stdout) == (0, "The schema is complete: nothing is changed.\n")
    assert production.mariadb.query("SELECT * FROM device ORDER BY name") == before
    assert any("test-sdp/subarray/01" in row for row in before)


def test_incomplete_schema_is_completed(production: MariaTangoDatabase) -> None:
    register(production.connect(), read().devices())
    query = production.mariadb.query
    devices = query("SELECT name FROM device ORDER BY name")
    rows = query("SELECT COUNT(*) FROM property_class")
    query("DELETE FROM property_class WHERE class IN ('Starter', 'TangoAccessControl')")
    query("DROP PROCEDURE ds_start")
    query("DROP TABLE event")
    done = production.make_schema()
    assert (done.returncode, done.stdout) == (0, "The schema was created.\n")
    assert query("SELECT name FROM device ORDER BY name") == devices
    assert query("SELECT COUNT(*) FROM property_class") == rows
    assert query("SHOW TABLES LIKE 'event'") == ["event"]
    assert query("SHOW PROCEDURE STATUS WHERE Name = 'ds_start'")


def test_schema_waits_for_mariadb_and_logs_it(production: MariaTangoDatabase) -> None:
    production.mariadb.kill()
    where = production.mariadb.endpoint
    done = production.make_schema(SCHEMA_WAIT="1")
    assert done.returncode == 1
    assert f"Waits for MariaDB at {where}: " in done.stdout
    assert f"MariaDB at {where} did not answer within 1 s: " in done.stderr
    assert "Can't connect" in done.stderr


def test_rejected_password_is_reported(production: MariaTangoDatabase) -> None:
    done = production.make_schema(SCHEMA_WAIT="0", MYSQL_PASSWORD="wrong")
    assert done.returncode == 1
    assert "Access denied for user 'tango'" in done.stderr
    assert "wrong" not in done.stdout + done.stderr


def test_health_covers_server_and_mariadb(production: MariaTangoDatabase) -> None:
    # The check waits for 5 s, and a busy machine may be later than that, but not each time.
    wait_until(lambda: production.health() == 0, 60)
    server = production.process.pid
    production.mariadb.kill()
    assert production.health() != 0
    production.mariadb.start()
    # The server reconnects by itself.
    wait_until(lambda: production.health() == 0, 60)
    register(production.connect(), read().devices())
    info = production.connect().get_device_info("test-sdp/subarray/01")
    assert info.ds_full_name == "SDPSubarray/01"
    assert (production.running, production.process.pid) == (True, server)
    production.kill()
    assert production.health() != 0


def test_hanging_mariadb_is_unhealthy(production: MariaTangoDatabase) -> None:
    production.mariadb.pause()
    assert production.health() != 0
    production.mariadb.resume()
    wait_until(lambda: production.health() == 0, 60)


def test_server_exits_without_mariadb(production: MariaTangoDatabase) -> None:
    production.stop()
    production.mariadb.kill()
    environment, program = production.environment(), str(SET_UP / "serve.sh")
    done = subprocess.run(
        [program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "CANNOT_CONNECT_MYSQL" in done.stdout + done.stderr
    production.mariadb.start()
    production.start()
    assert isinstance(production.connect(), tango.Database)


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SET_UP / "compose.yaml").read_text())
    return found


def test_compose_file_follows_the_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, SET_UP / "compose.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_file_starts_the_tested_programs_in_order() -> None:
    services = composed()["services"]
    assert services["schema"]["command"] == ["/opt/tango-db/schema.sh"]
    assert services["databaseds"]["command"] == ["/opt/tango-db/serve.sh"]
    assert services["databaseds"]["healthcheck"]["test"] == ["CMD", "/opt/tango-db/health.sh"]
    conditions = {
        name: {other: each["condition"] for other, each in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert conditions == {
        "mariadb": {},
        "schema": {"mariadb": "service_healthy"},
        "databaseds": {"schema": "service_completed_successfully"},
    }
    image = (SET_UP / "Dockerfile").read_text()
    (copied,) = re.findall(r"^COPY (.*) /opt/tango-db/$", image, re.MULTILINE)
    assert set(copied.split()) == {"my.cnf", "schema.sh", "serve.sh", "health.sh"}
    assert all((SET_UP / name).exists() for name in copied.split())


def test_images_are_pinned_and_no_password_is_in_the_compose_file() -> None:
    services = composed()["services"]
    bases = re.findall(r"^FROM (\S+)", (SET_UP / "Dockerfile").read_text(), re.MULTILINE)
    images = {service["image"] for service in services.values()}
    assert all(re.search(r":\d+\.\d+[\w.-]*$", image) for image in {*bases, *images})
    required = re.compile(r"\$\{TANGO_DB_PASSWORD:\?[^}]+\}")
    secrets = [
        value
        for service in services.values()
        for name, value in service["environment"].items()
        if name.endswith("_PASSWORD") and "RANDOM" not in name
    ]
    assert len(secrets) == 3
    assert all(required.fullmatch(value) for value in secrets)
