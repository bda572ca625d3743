"""Commits that etcd may apply although it answers that the database is full."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError, ConfigRefused
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.errors import QuotaExceeded
from ska_sdp_config.store.interface import Commit, Conflict
from tests.services.versions import Start
from tests.support.backends import ConnectTo
from tests.support.commit_faults import CommitFaults

ATTEMPTS = 5
"""Databases to fill until a commit was applied and answered that the database is full."""


@pytest.fixture(params=[True, False], ids=["first commit", "later commit"])
def is_first(request: pytest.FixtureRequest, etcd_backend: Backend) -> bool:
    """Whether the token of the commit does not exist yet."""
    if request.param:
        vars(etcd_backend.committer)["_free"].clear()
    return bool(request.param)


def test_applied_commit_is_a_success(
    etcd_backend: Backend, network: CommitFaults, is_first: bool
) -> None:
    network.plan = ["applied when full"]
    etcd_backend.update("/n", "1")
    assert etcd_backend.get("/n")[0] == "1"
    etcd_backend.update("/n", "2")


def test_rejected_commit_has_written_nothing(
    etcd_backend: Backend, network: CommitFaults, is_first: bool
) -> None:
    network.plan = ["full"]
    with pytest.raises(QuotaExceeded):
        etcd_backend.update("/n", "1")
    assert etcd_backend.get("/n")[0] == "0"
    # The token is still usable.
    etcd_backend.update("/n", "1")
    assert etcd_backend.get("/n")[0] == "1"


def test_outcome_is_unknown_after_the_end_of_the_lease(
    etcd_backend: Backend, network: CommitFaults
) -> None:
    """The token of a commit that was applied may have been deleted with the lease."""
    vars(etcd_backend.committer)["_free"].clear()
    lease = etcd_backend.client_lease.current()
    etcd_backend.store.revoke_lease(lease.id, timeout=20)
    network.plan = ["full"]
    with pytest.raises(CommitUnknown, match="took effect: "):
        etcd_backend.update("/n", "1")
    # The next commit uses another lease.
    network.plan = ["full"]
    with pytest.raises(QuotaExceeded):
        etcd_backend.update("/n", "1")
    assert etcd_backend.client_lease.current() is not lease


def test_outcome_is_unknown_if_the_token_cannot_be_read(
    etcd_backend: Backend, network: CommitFaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.plan = ["applied when full"]

    def fail(*_: Any, **__: Any) -> None:
        raise ConfigConnectionError("No answer.")

    with pytest.raises(CommitUnknown, match="effect: "), monkeypatch.context() as patch:  # noqa: PT012
        for txn in etcd_backend.txn():
            txn.update("/n", "1")
            # All reads of the body have been made.
            patch.setattr(etcd_backend.store, "read", fail)
    assert etcd_backend.get("/n")[0] == "1"


@pytest.mark.parametrize("settlement", ["full", "applied when full"])
def test_applied_commit_is_a_success_although_its_settlement_is_rejected(
    etcd_backend: Backend, network: CommitFaults, settlement: str, is_first: bool
) -> None:
    network.plan = ["answer", settlement]
    etcd_backend.update("/n", "1")
    assert not network.plan
    assert etcd_backend.get("/n")[0] == "1"
    # The token is still usable.
    etcd_backend.update("/n", "2")
    assert etcd_backend.get("/n")[0] == "2"


@pytest.mark.parametrize("fate", ["request", "late"])
def test_outcome_is_unknown_if_the_settlement_is_rejected(
    etcd_backend: Backend, network: CommitFaults, fate: str
) -> None:
    network.plan = [fate, "full"]
    with pytest.raises(CommitUnknown, match=r"its quota is exceeded: .*; free space, and"):
        etcd_backend.update("/n", "1")
    for held in network.held:
        assert isinstance(network.deliver(held), Commit)
        assert etcd_backend.get("/n")[0] == "1"
    # The next commit uses another token.
    etcd_backend.update("/n", "2")
    assert etcd_backend.get("/n")[0] == "2"


SETTLED_WHEN_FULL = [["applied when full"], ["answer", "full"], ["answer", "applied when full"]]
"""Settlements: the first one is applied, the last one is rejected with QuotaExceeded."""


@pytest.mark.parametrize("settlements", SETTLED_WHEN_FULL, ids=" then ".join)
@pytest.mark.parametrize("is_still_full", [False, True])
def test_lost_commit_is_repeated_after_a_settlement_that_was_applied_when_full(
    etcd_backend: Backend,
    network: CommitFaults,
    settlements: list[str],
    is_still_full: bool,
    is_first: bool,
) -> None:
    network.plan = ["late", *settlements, *["full"] * is_still_full]
    with pytest.raises(QuotaExceeded) if is_still_full else nullcontext():
        etcd_backend.update("/n", "1")
    assert not network.plan
    value = "0" if is_still_full else "1"
    assert etcd_backend.get("/n")[0] == value
    assert isinstance(network.deliver(network.held.pop()), Conflict)
    assert etcd_backend.get("/n")[0] == value
    # The token is still usable.
    etcd_backend.update("/n", "2")
    assert etcd_backend.get("/n")[0] == "2"


@pytest.mark.long
def test_rejected_commits_of_a_full_server_have_written_nothing(
    start: Start, etcd_client: ConnectTo, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(ATTEMPTS):
        server = start(quota_backend_bytes=8_000_000)
        with etcd_client(host=server.endpoint) as backend:

            def write_until_rejected(writer: int, backend: Backend = backend) -> str:
                for number in range(1000):
                    path = f"/x/{writer}-{number}"
                    try:
                        backend.create(path, "x" * 100_000)
                    except ConfigRefused:
                        return path
                raise AssertionError("The database is not full.")

            with ThreadPoolExecutor(16) as writers:
                rejected = list(writers.map(write_until_rejected, range(16)))
            assert [path for path in rejected if backend.get(path)[0] is not None] == []
        if "although etcd responded that its quota is exceeded" in caplog.text:
            return
    pytest.skip("no commit was applied and answered that the database is full: a slow machine")
