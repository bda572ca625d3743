"""A short run of all clients without faults, end to end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.faults.database_log import DatabaseLog, read_log
from tests.faults.history import read_run
from tests.faults.running import ClientProcess, check_all, run_clients
from tests.services.servers import serving, trl_of
from tests.support.waiting import wait_until

ENOUGH = {
    "increment": 30,
    "transfer": 20,
    "audit": 10,
    "append": 30,
    "take": 10,
    "belief": 5,
    "mirror": 20,
    "command": 30,
    "event": 10,
}
"""Operations with a known outcome that a meaningful run has, by kind."""


@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_run_without_faults_has_no_violation(
    backend: str, own_etcd: Etcd, tango_db: TangoDatabase, tmp_path: Path
) -> None:
    log = tmp_path / "database.jsonl"
    with (
        DatabaseLog(own_etcd.endpoint, log) as database,
        serving(tango_db, tmp_path) as serve,
    ):
        device = trl_of(serve(own_etcd.port, ["01"])[0])
        environment = {
            "SDP_CONFIG_BACKEND": backend,
            "SDP_CONFIG_HOST": own_etcd.endpoint,
            "TANGO_HOST": tango_db.tango_host,
        }

        def client(program: str, number: int, *arguments: str) -> ClientProcess:
            name = f"{program}-{number}"
            return ClientProcess(program, name, tmp_path, environment, *arguments, seed=number)

        subscriber = client("subscriber", 1, f"--device={device}")
        with run_clients([subscriber]):
            wait_until(lambda: counts(tmp_path)["subscribed"], 60, "the subscriber subscribes")
            clients = [
                *(client("counter", number) for number in range(2)),
                *(client("transfers", number) for number in range(2)),
                client("lists", 1),
                *(client("ownership", number) for number in range(2)),
                client("mirror", 1),
                client("commands", 1, f"--device={device}"),
            ]
            with run_clients(clients):
                wait_until(lambda: not ENOUGH.keys() - counts(tmp_path).keys(), 60)
                wait_until(lambda: not Counter(ENOUGH) - counts(tmp_path), 60)
        database.finish()
    operations, changes = read_run(tmp_path), list(read_log(log))
    assert check_all(operations, changes, limit_s=10) == []
    outcomes = Counter(each.outcome for each in operations if each.kind != "take")
    assert outcomes["ok"] > outcomes["unknown"]


def counts(directory: Path) -> Counter[str]:
    """Return the number of operations with an answer, by kind."""
    return Counter(each.kind for each in read_run(directory) if each.outcome != "unknown")
