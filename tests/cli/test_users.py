"""Users of what is changed, read in the transaction of the change, on etcd."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.in_use import users_of_all, users_of_change, users_of_delete
from ska_sdp_config.store.interface import NoneCreatedSince
from ska_sdp_config.store.keys import path_of_key

from .conftest import contents, fill
from .users import OWNER, PROCESS, STORED


def test_use_that_begins_before_the_commit_is_a_conflict(database: Config) -> None:
    """The body sees the new owner before it can commit."""
    fill(database, STORED)
    seen = []
    for txn in database.backend.txn():
        seen.append(users_of_delete(txn, "/pb/pb-free"))
        if len(seen) == 1:
            fill(database, {"/pb/pb-free/owner": OWNER})
        txn.delete("/pb/pb-free")
    assert seen == [[], [f"/pb/pb-free is {PROCESS}"]]


FINDERS = [
    (users_of_change, "/pb/pb-owned/state"),
    (users_of_delete, "/pb/pb-owned"),
    (users_of_delete, "/eb/eb-ended"),
    (users_of_delete, "/deploy/proc-pb-owned-receive"),
    (users_of_all, "/pb"),
    (users_of_all, "/eb"),
    (users_of_all, "/deploy"),
]


@pytest.mark.parametrize(("find", "path"), FINDERS)
def test_users_guard_no_listing_but_that_of_subarrays(
    database: Config, find: Any, path: str
) -> None:
    """To check such a guard, etcd reads the whole listing while all other clients wait."""
    fill(database, STORED)
    for txn in database.backend.txn():
        assert find(txn, path)
        guards = [each for each in txn.reads.guards() if isinstance(each, NoneCreatedSince)]
        listed = {path_of_key(each.span.begin) for each in guards}
        assert listed <= {"/lmc/subarray/"}


def test_bulk_delete_is_not_retried_for_a_new_owner(database: Config) -> None:
    fill(database, STORED)
    runs = 0
    for txn in database.backend.txn():
        runs += 1
        users_of_all(txn, "/pb")
        if runs == 1:
            fill(database, {"/pb/pb-free/owner": OWNER})
        txn.delete_prefix("/pb/", recursive=True)
    assert runs == 1


def test_link_that_begins_before_the_commit_is_a_conflict(database: Config) -> None:
    fill(database, STORED)
    seen = []
    for txn in database.backend.txn():
        seen.append(users_of_delete(txn, "/eb/eb-free"))
        if len(seen) == 1:
            for other in database.txn():
                other.update("/lmc/subarray/02", '{"eb_id": "eb-free"}')
        txn.delete("/eb/eb-free")
    assert seen == [[], ["/eb/eb-free is linked by subarray 02"]]


def test_users_of_many_objects_fit_the_limits_of_a_server(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    with Config(host=server.host, port=server.port) as config:
        for begin in range(0, 300, 50):
            fill(config, {f"/pb/pb-{n:03}": {} for n in range(begin, begin + 50)})
        fill(config, {f"/pb/pb-{n:03}/owner": OWNER for n in range(50)})
        ids = [f"pb-{n:03}" for n in range(300)]
        fill(config, {"/eb/eb-a": {"status": "FINISHED", "pb_batch": ids}})
        for txn in config.backend.txn():
            assert len(users_of_all(txn, "/pb")) == 50
            assert len(users_of_delete(txn, "/eb/eb-a")) == 50
            txn.delete_prefix("/pb/", recursive=True)
        assert list(contents(config)) == ["/eb/eb-a"]
