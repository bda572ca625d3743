"""`ska-sdp history`, on etcd over both transports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli import history
from ska_sdp_config.live import revisions
from ska_sdp_config.live.revisions import (
    Gap,
    Past,
    Revision,
    describe_gap,
    past,
    stream,
)
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_config.store.interface import GapCause, Put
from ska_sdp_config.store.keys import Span, key_of_path
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import compact
from tests.support.waiting import CALL

from .conftest import BACKENDS, Run, empty, fill, run_here, update

NO_TIME = " " * 24
SPANS = [Span(key_of_path("/k"))]


def is_k(path: str) -> bool:
    return path == "/k"


def revision_of(config: Config) -> int:
    return config.backend.store.read([], timeout=CALL).revision


@pytest.fixture
def begin(database: Config) -> int:
    """Oldest kept revision of the database, which has one key."""
    # A revision can be compacted only once.
    fill(database, {"/first": {}})
    revision = revision_of(database)
    compact(database.backend, revision)
    return revision


@BACKENDS
def test_history_of_a_key_has_each_revision(
    database: Config, begin: int, ska_sdp: Run, backend: str
) -> None:
    fill(database, {"/k": {"status": "WAITING", "last_updated": "2026-01-31 12:00:00"}})
    update(database, "/k", '{"status": "RUNNING", "last_updated": "2026-01-31 12:00:01"}')
    fill(database, {"/k/below": {}, "/other": {}})
    update(database, "/k", '{"status": "FINISHED"}')
    for txn in database.txn():
        txn.delete("/k")
    result = ska_sdp("history", "/k", env={"SDP_CONFIG_BACKEND": backend})
    assert (result.code, result.err) == (
        0,
        f"ska-sdp: The history begins at revision {begin}: earlier ones were compacted.\n",
    )
    created, *rest = result.lines
    assert created.startswith("2026-01-31T12:00:00.000Z /k created {")
    assert '"status":"WAITING"' in created
    assert rest == [
        "2026-01-31T12:00:01.000Z /k status WAITING → RUNNING",
        f"{NO_TIME} /k status RUNNING → FINISHED",
        f"{NO_TIME} /k deleted",
    ]


def test_history_begins_with_the_value_at_the_compaction(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/pb/pb-a": {"n": 1}, "/pb/pb-a/state": {"status": "WAITING"}})
    update(database, "/pb/pb-a/state", '{"status": "STARTING"}')
    now = revision_of(database)
    compact(database.backend, now)
    update(database, "/pb/pb-a/state", '{"status": "RUNNING"}')
    result = ska_sdp("history", "pb", "pb-a")
    assert result.lines == [
        '/pb/pb-a = {"n":1}',
        '/pb/pb-a/state = {"status":"STARTING"}',
        f"{NO_TIME} /pb/pb-a/state status STARTING → RUNNING",
    ]
    assert f"begins at revision {now}:" in result.err
    documents = [json.loads(line) for line in ska_sdp("history", "pb", "pb-a", "-o", "json").lines]
    assert [each["revision"] for each in documents] == [now, now, now + 1]
    assert documents[-1] == {
        "path": "/pb/pb-a/state",
        "old": {"status": "STARTING"},
        "new": {"status": "RUNNING"},
        "revision": now + 1,
    }


def test_history_of_a_new_database_is_complete(etcd_server: Callable[..., Etcd]) -> None:
    server = etcd_server()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/k": {}})
        result = run_here(server, ["history", "/k"])
    assert result.lines == [f"{NO_TIME} /k created {{}}"]
    assert result.err == "ska-sdp: The history is complete, from revision 1.\n"


def test_history_of_what_never_existed_is_exit_3(begin: int, ska_sdp: Run) -> None:
    result = ska_sdp("history", "-q", "pb", "pb-a")
    assert (result.code, result.out) == (3, "")
    assert "/pb/pb-a does not exist and did not at any revision since " in result.err


def test_history_since_begins_at_the_first_time(
    database: Config, begin: int, ska_sdp: Run, now: Any
) -> None:
    fill(database, {"/k": {"n": 0, "last_updated": last_updated(now(-7200))}})
    update(database, "/k", '{"n": 1}')
    update(database, "/k", json.dumps({"n": 2, "last_updated": last_updated(now(-60))}))
    update(database, "/k", '{"n": 3}')
    lines = ska_sdp("history", "/k", "--since", "10m").lines
    assert [re.findall(r"n \d → \d", line) for line in lines] == [["n 1 → 2"], ["n 2 → 3"]]
    assert len(ska_sdp("history", "--since", "3h", "/k").lines) == 4
    late = ska_sdp("history", "/k", "--since=10s")
    assert late.code == 0
    assert not late.lines
    assert "No value with a time since" in late.err
    compact(database.backend, revision_of(database) - 1)
    assert ska_sdp("history", "/k", "--since", "10m").lines[0].startswith('/k = {"n":2,')
    assert ska_sdp("history", "/k", "--since", "10s").lines == []
    invalid = ska_sdp("history", "/k", "--since", "soon")
    assert (invalid.code, invalid.out) == (2, "")
    assert "Invalid duration 'soon'" in invalid.err


@pytest.fixture
def now() -> Callable[[float], Any]:
    return lambda seconds: datetime.now(timezone.utc) + timedelta(seconds=seconds)


def test_long_history_is_read_in_windows(
    etcd: Etcd, database: Config, begin: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # etcd sends up to 1000 revisions at once.
    monkeypatch.setattr(revisions, "MAX_QUEUED_CHANGES", 700)
    for number in range(2500):
        database.backend.store.commit([], [Put("1/k", str(number))], timeout=CALL)
    for backend in ("etcd3", "etcd3_revolution1"):
        with Config(backend=backend, host=etcd.host, port=etcd.port) as config:
            start, *rest = past(config.backend.store, SPANS, is_k)
        assert start == Past(begin, {})
        assert [(each.revision, each.texts["/k"]) for each in rest] == [
            (begin + 1 + number, str(number)) for number in range(2500)
        ]


def test_history_continues_after_a_compaction_meanwhile(database: Config, begin: int) -> None:
    fill(database, {"/k": "0"})
    for number in range(1, 30):
        update(database, "/k", str(number))
    found: list[Past | Revision] = []
    for each in past(database.backend.store, SPANS, is_k):
        if not found:
            # It has read the revision where it begins, and not the changes.
            compact(database.backend, begin + 20)
        found.append(each)
    first, second = found[:2]
    assert first == Past(begin, {})
    assert second[:2] == (begin + 20, {"/k": "19"})
    assert isinstance(second, Past)
    assert second.gap is not None
    assert second.gap.cause == GapCause.COMPACTED
    assert [each.revision for each in found[2:]] == list(range(begin + 21, begin + 31))


def test_history_prints_the_cause_of_a_gap(
    database: Config, begin: int, ska_sdp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, {"/k": "0"})
    for number in range(1, 4):
        update(database, "/k", str(number))

    def compacted(*arguments: Any) -> Iterator[Past | Revision]:
        for number, each in enumerate(past(*arguments)):
            if number == 0:
                compact(database.backend, begin + 3)
            yield each

    monkeypatch.setattr(history, "past", compacted)
    result = ska_sdp("history", "/k")
    assert result.err.splitlines()[1:] == [
        f"ska-sdp: {describe_gap(begin + 3, GapCause.COMPACTED)}"
    ]
    assert result.lines == [f"{NO_TIME} /k created 2", f"{NO_TIME} /k 2 → 3"]


def test_stream_ends_at_the_last_revision(database: Config, begin: int) -> None:
    fill(database, {"/k": "0"})
    last = revision_of(database)
    update(database, "/k", "1")
    found = list(stream(database.backend.store, begin + 1, is_k, last=last))
    assert found == [Revision(last, {"/k": "0"})]
    assert not any(isinstance(each, Gap) for each in found)


def test_history_of_the_memory_backend() -> None:
    with Config(backend="memory") as config:
        empty(config)
        fill(config, {"/k": "0"})
        start, *rest = past(config.backend.store, SPANS, is_k)
        assert isinstance(start, Past)
        assert rest[-1].texts == {"/k": "0"}
