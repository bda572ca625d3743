"""Faults of clients: they are paused, killed and replaced."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.faults.clients.ownership import Competitor
from tests.faults.clients.program import Client
from tests.faults.database_log import DatabaseLog
from tests.faults.faults.fault import FaultNotPossibleError
from tests.faults.faults.parts import PAUSED_S, ClientKilled, ClientPaused
from tests.faults.history import HistoryWriter, Operation, of_kind, read_file, read_run
from tests.faults.population import Clients
from tests.faults.running import check_all, history_of
from tests.support.waiting import wait_until


@pytest.fixture
def log(own_etcd: Etcd, tmp_path: Path) -> Iterator[DatabaseLog]:
    with DatabaseLog(own_etcd.endpoint, tmp_path / "database.jsonl") as log:
        yield log


@pytest.fixture
def clients(own_etcd: Etcd, log: DatabaseLog, tmp_path: Path) -> Iterator[Clients]:
    with Clients(tmp_path, {"SDP_CONFIG_HOST": own_etcd.endpoint}) as clients:
        yield clients


def history(directory: Path, name: str) -> list[Operation]:
    path = history_of(directory, name)
    return list(read_file(path)) if path.exists() else []


@pytest.mark.long
def test_client_that_is_paused_beyond_its_lease_records_the_loss(
    clients: Clients, log: DatabaseLog, tmp_path: Path
) -> None:
    name = clients.start("ownership")
    wait_until(lambda: held(tmp_path, name), what="it holds something")
    fault = ClientPaused(clients, ["ownership"], random.Random(1))
    fault.begin()
    with pytest.raises(FaultNotPossibleError, match="no client of ownership is without a fault"):
        ClientKilled(clients, ["ownership"], random.Random(1)).begin()
    assert fault.lasts_s == PAUSED_S
    keys = [each for each in log.read() if each.path.endswith("/owner")]
    wait_until(lambda: is_empty(log), what="its lease has expired")
    assert keys
    fault.end()
    wait_until(lambda: lost(tmp_path, name), what="it records the loss")
    clients.end()
    assert check_all(read_run(tmp_path), log.read(), limit_s=10) == []


def held(directory: Path, name: str) -> bool:
    return any(each.details.get("held") for each in history(directory, name))


def lost(directory: Path, name: str) -> bool:
    """Return whether a client has found that something is not held any more."""
    operations = of_kind(history(directory, name), "belief")
    return any(not each.details["held"] for each in operations)


def is_empty(log: DatabaseLog) -> bool:
    """Return whether nothing is owned."""
    owners = {each.path: each.value for each in log.read() if each.path.endswith("/owner")}
    return not any(owners.values())


@pytest.mark.long
def test_killed_client_is_replaced_under_a_new_name(
    clients: Clients, log: DatabaseLog, tmp_path: Path
) -> None:
    clients.start("mirror")
    clients.start("counter")
    fault = ClientKilled(clients, ["mirror"], random.Random(1))
    wait_until(lambda: history(tmp_path, "mirror-1"), what="it mirrors")
    fault.begin()
    assert clients.names == ["counter-1"]
    fault.end()
    assert clients.names == ["counter-1", "mirror-2"]
    wait_until(lambda: history(tmp_path, "mirror-2"), what="its successor mirrors")
    wait_until(log.read, what="the other client counts")
    assert clients.end("counter") == {"counter-1": 0}
    changes = log.read()
    last = changes[-1].revision
    wait_until(
        lambda: any(each.revision >= last for each in history(tmp_path, "mirror-2")),
        what="all is mirrored",
    )
    assert clients.end() == {"mirror-2": 0}
    operations = read_run(tmp_path)
    (killed,) = of_kind(operations, "killed")
    assert killed.details == {"name": "mirror-1"}
    assert check_all(operations, changes, limit_s=10, settled=last) == []


class NoLease:
    """Lease that was lost."""

    def alive(self) -> bool:
        return False

    def revoke(self) -> None:
        """Do nothing: it has ended."""


@pytest.mark.parametrize("seed", range(20))
def test_each_loss_is_recorded_as_a_belief(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    path = history_of(tmp_path, "client")
    with (
        Config(backend="memory", name=f"loss {seed}", owner={"command": ["client"]}) as config,
        HistoryWriter(path, "client") as written,
    ):
        # Its end is not needed, whose signal handlers would replace those of pytest.
        client = Client("client", config, written, chance, stop=None)  # type: ignore[arg-type]
        competitor = Competitor(client)
        while not competitor.held:
            competitor.step()
        names = list(competitor.held)
        competitor.held = dict.fromkeys(names, NoLease())  # type: ignore[arg-type]
        while any(isinstance(each, NoLease) for each in competitor.held.values()):
            competitor.step()
    beliefs = [each.details["held"] for each in of_kind(read_file(path), "belief")]
    assert beliefs.count(False) == len(names)
