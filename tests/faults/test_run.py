"""A short run of all clients without faults, end to end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.faults.checkers.implied import Value, implied_values
from tests.faults.database_log import Change, DatabaseLog
from tests.faults.history import Operation, of_kind, read_file, read_run
from tests.faults.running import ClientProcess, check_all, history_of, run_clients
from tests.faults.transactions import DATA
from tests.faults.worlds import SUBARRAY
from tests.services.servers import serving, trl_of
from tests.support.waiting import wait_until

OPERATIONS = 60
"""Operations of each client."""

WITHIN_S = 120.0
"""Time for them on a busy machine, in seconds."""

LEAST = {
    "increment": 2 * OPERATIONS,
    "transfer": 60,
    "audit": 20,
    "append": OPERATIONS,
    "take": 10,
    "belief held": 5,
    "look held": 1,
    "release": 1,
    "command": OPERATIONS,
    "event": 10,
    "mirror": 10,
}
"""Operations with a known outcome that a run without faults has, by kind."""


def title(operation: Operation) -> str:
    """Return the kind of an operation, and whether its client held the ownership."""
    return f"{operation.kind} held" if operation.details.get("held") else operation.kind


def last_shown(history: Path) -> dict[str, Value]:
    """Return the last values that a subscriber has received, by attribute."""
    events = of_kind(read_file(history), "event")
    return {each.details["attribute"]: each.details["value"] for each in events}


def last_implied(changes: Sequence[Change]) -> dict[str, Value]:
    """Return the values that the database implies now, by attribute."""
    return {name: values[-1].value for name, values in implied_values(changes, SUBARRAY).items()}


@pytest.mark.long
@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_run_without_faults_has_no_violation(
    backend: str, own_etcd: Etcd, tango_db: TangoDatabase, tmp_path: Path
) -> None:
    with (
        DatabaseLog(own_etcd.endpoint, tmp_path / "database.jsonl") as database,
        serving(tango_db, tmp_path) as serve,
    ):
        device = trl_of(serve(own_etcd.port, [SUBARRAY])[0])
        environment = {
            "SDP_CONFIG_BACKEND": backend,
            "SDP_CONFIG_HOST": own_etcd.endpoint,
            "TANGO_HOST": tango_db.tango_host,
        }

        def client(program: str, number: int, *arguments: str) -> ClientProcess:
            name = f"{program}-{number}"
            return ClientProcess(program, name, tmp_path, environment, *arguments, seed=number)

        def shown(name: str, kind: str) -> int:
            """Return the last revision of a kind of a client's operations, -1 without any."""
            path = history_of(tmp_path, name)
            operations = read_file(path) if path.exists() else ()
            return max((each.revision for each in operations if each.kind == kind), default=-1)

        with run_clients([client("subscriber", 1, f"--device={device}"), client("mirror", 1)]):
            wait_until(lambda: shown("subscriber-1", "subscribed") >= 0, WITHIN_S)
            limit = f"--count={OPERATIONS}"
            workers = [
                *(client("counter", number, limit) for number in range(2)),
                *(client("transfers", number, limit) for number in range(2)),
                client("lists", 1, limit),
                *(client("ownership", number, limit) for number in range(2)),
                client("commands", 1, limit, f"--device={device}"),
            ]
            with run_clients(workers):
                for worker in workers:
                    worker.wait(WITHIN_S)
            changes = database.read()
            settled = max(each.revision for each in changes if each.path.startswith(DATA))
            wait_until(lambda: shown("mirror-1", "mirror") >= settled, what="all is mirrored")
            # The checker demands no value that is stable for a shorter time than its limit.
            history = history_of(tmp_path, "subscriber-1")
            wait_until(
                lambda: last_shown(history) == last_implied(database.read()),
                WITHIN_S,
                "the subscriber shows the last values",
            )
            changes = database.read()
    operations = read_run(tmp_path)
    assert check_all(operations, changes, limit_s=10, settled=settled) == []
    known = Counter(title(each) for each in operations if each.outcome != "unknown")
    assert not Counter(LEAST) - known
