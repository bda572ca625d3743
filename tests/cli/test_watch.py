"""`ska-sdp watch`, on etcd."""

from __future__ import annotations

import itertools
import json
import re
import select
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.changes import changes
from ska_sdp_config.cli.objects import PB
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.drivers.etcd.store import EtcdStore
from ska_sdp_config.live import revisions
from ska_sdp_config.store.interface import Change, Entry, GapCause, Put
from ska_sdp_config.store.keys import Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.in_time import on_time
from tests.support.waiting import CALL, wait_until

from .conftest import AT_ONCE, Run, Start, contents, environment, fill, interrupt, update


def next_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of output, an empty text after a timeout."""
    assert process.stdout is not None
    limit = threading.Timer(120, process.kill)
    limit.start()
    try:
        return process.stdout.readline().rstrip("\n")
    finally:
        limit.cancel()


def next_change(process: subprocess.Popen[str]) -> str:
    """Return the next line of output without the time, which is checked."""
    time, _, rest = next_line(process).partition(" ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)
    return rest


def delete(config: Config, path: str) -> None:
    for txn in config.txn():
        txn.delete(path)


def leases(server: Etcd) -> set[str]:
    request = urllib.request.Request(f"http://{server.endpoint}/v3/lease/leases", data=b"{}")
    with urllib.request.urlopen(request, timeout=CALL) as page:
        return {lease["ID"] for lease in json.load(page).get("leases", [])}


def test_watch_prints_the_value_then_each_change(etcd_server: Any, start: Start) -> None:
    # On its own server, without the leases of other tests.
    server: Etcd = etcd_server()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/pb/pb-a": {"n": 0}})
        stored = contents(config)
        process = start("watch", "/pb/pb-a", server=server)
        assert next_line(process) == '/pb/pb-a = {"n":0}'
        update(config, "/pb/pb-a", '{\n"n": 1}')
        assert next_change(process) == "/pb/pb-a n 0 → 1"
        update(config, "/pb/pb-a", "text")
        assert next_change(process) == '/pb/pb-a {"n": 1} → text'
        delete(config, "/pb/pb-a")
        assert next_change(process) == "/pb/pb-a deleted"
        fill(config, {"/pb/pb-a": {"n": 0}})
        assert next_change(process) == '/pb/pb-a created {"n":0}'
    # Only the commits of this test had a lease.
    wait_until(lambda: not leases(server), CALL, "no lease is left")
    code, seconds, err = interrupt(process)
    assert (code, err) == (0, "")
    assert seconds < AT_ONCE
    assert not leases(server)
    with Config(host=server.host, port=server.port) as config:
        assert contents(config) == stored


@pytest.mark.parametrize(
    ("options", "first", "gone"),
    [
        (["-q"], "[]", "null"),
        (["-q", "-o", "json"], "[]", "null"),
        (["-o", "name"], "/k", "/k"),
        (["-o", "table", "-q"], "[]", "/k deleted"),
    ],
)
def test_watch_waits_for_a_missing_key(
    database: Config, start: Start, options: list[str], first: str, gone: str
) -> None:
    process = start("watch", *options, "/k", stderr=None)
    fill(database, {"/k": []})
    assert next_line(process) == first
    delete(database, "/k")
    assert next_line(process).endswith(gone)
    assert interrupt(process)[0] == 0


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ([], ["/k n 0 → 1", "/k deleted"]),
        (["-v"], ['/k = {"m":0,"n":1}', "/k deleted"]),
        (["-o", "table"], ["/k n 0 → 1", "/k deleted"]),
        (["-o", "table", "-v"], ["/k ", "{", '  "m": 0,', '  "n": 1', "}", "/k deleted"]),
    ],
)
def test_watch_prints_lines_or_values(
    database: Config, start: Start, options: list[str], lines: list[str]
) -> None:
    fill(database, {"/k": {"m": 0, "n": 0}})
    process = start("watch", *options, "/k")
    present = next_line(process)
    while not present.endswith("}"):
        present = next_line(process)
    update(database, "/k", '{"m": 0, "n": 1}')
    found = [next_line(process) for _ in lines[:-1]]
    delete(database, "/k")
    found.append(next_line(process))
    assert [re.sub(r"^\S+Z ", "", line) for line in found] == lines
    assert interrupt(process)[0] == 0


def test_watch_prints_a_json_document_for_each_change(database: Config, start: Start) -> None:
    fill(database, {"/k": {"a": 1}})
    process = start("watch", "-o", "json", "/k")

    def revision() -> int:
        return database.backend.get("/k")[1].revision

    documents = [{"path": "/k", "old": None, "new": {"a": 1}, "revision": revision()}]
    assert json.loads(next_line(process)) == documents[0]
    update(database, "/k", '{"a": 2}')
    changed = {"path": "/k", "old": {"a": 1}, "new": {"a": 2}, "revision": revision()}
    assert json.loads(next_line(process)) == changed
    delete(database, "/k")
    deleted = {"path": "/k", "old": {"a": 2}, "new": None, "revision": revision()}
    assert json.loads(next_line(process)) == deleted
    assert interrupt(process)[0] == 0


def test_watch_without_id_prints_the_changes_of_a_kind(database: Config, start: Start) -> None:
    fill(database, {"/pb/pb-a": {}, "/pb/pb-a/state": {"status": "WAITING"}, "/pbx": {}})
    process = start("watch", "pb", "--timeout", "100")
    # Nothing is printed at the start, so another watch shows when it has begun.
    seen = start("watch", "-q", "/pb/pb-a")
    assert next_line(seen) == "{}"
    number = itertools.count()
    assert process.stdout is not None
    output = process.stdout

    def is_watching() -> bool:
        update(database, "/pb/pb-a", json.dumps({"n": next(number)}))
        return bool(select.select([output], [], [], 0.2)[0])

    wait_until(is_watching, CALL, "the watch has begun")
    update(database, "/pb/pb-a/state", '{"status": "RUNNING"}')
    update(database, "/pbx", "[]")
    fill(database, {"/pb/pb-b": {}})
    lines = [next_change(process)]
    while not lines[-1].startswith("/pb/pb-b"):
        lines.append(next_change(process))
    assert lines[-2:] == ["/pb/pb-a/state status WAITING → RUNNING", "/pb/pb-b created {}"]
    assert all(line.startswith("/pb/pb-a n ") for line in lines[:-2])
    for each in (process, seen):
        assert interrupt(each)[0] == 0


def test_watch_prints_all_entries_of_an_object(database: Config, start: Start) -> None:
    fill(database, {"/t/pb/pb-a": {}, "/t/pb/pb-ab": {}, "/pb/pb-a": {"not": "this"}})
    process = start("watch", "--prefix=/t", "pb", "pb-a")
    assert next_line(process) == "/t/pb/pb-a = {}"
    fill(database, {"/t/pb/pb-a/state": {"status": "RUNNING"}, "/t/pb/pb-ab/state": {}})
    assert next_change(process) == '/t/pb/pb-a/state created {"status":"RUNNING"}'
    delete(database, "/t/pb/pb-a/state")
    assert next_change(process) == "/t/pb/pb-a/state deleted"
    assert interrupt(process)[:1] == (0,)


def test_watch_prints_all_flows_of_a_block(database: Config, start: Start) -> None:
    fill(database, {"/flow/pb-a:k:a": {"n": 0}, "/flow/pb-b:k:a": {}})
    process = start("watch", "flow", "pb-a")
    assert next_line(process) == '/flow/pb-a:k:a = {"n":0}'
    fill(database, {"/flow/pb-b:k:b": {}, "/flow/pb-a:k:b": {}, "/flow/pb-a:k:b/state": {}})
    assert next_change(process) == "/flow/pb-a:k:b created {}"
    assert next_change(process) == "/flow/pb-a:k:b/state created {}"
    delete(database, "/flow/pb-a:k:a")
    assert next_change(process) == "/flow/pb-a:k:a deleted"
    assert interrupt(process)[:1] == (0,)


@pytest.mark.long
def test_watch_prints_each_change_in_order(database: Config, etcd: Etcd, start: Start) -> None:
    fill(database, {"/k": "0", "/pb/pb-a/state": "0"})
    key_command, of_object = start("watch", "-q", "/k"), start("watch", "-q", "pb", "pb-a")
    assert [next_line(key_command), next_line(of_object)] == ["0", "0"]

    def write(key: str, first: int) -> None:
        with Config(host=etcd.host, port=etcd.port) as other:
            for number in range(first, first + 400):
                other.backend.store.commit([], [Put(key, str(number))], timeout=CALL)

    with ThreadPoolExecutor(4) as pool:
        writing = [
            pool.submit(write, key, first)
            for key in ("1/k", "3/pb/pb-a/state", "3/pb/pb-b/state")
            for first in (1, 1001)
        ]
        for each in writing:
            each.result()
    for process in (key_command, of_object):
        seen = [int(next_line(process)) for _ in range(800)]
        for first in (1, 1001):
            mine = [number for number in seen if first <= number < first + 1000]
            assert mine == list(range(first, first + 400))
    for process in (key_command, of_object):
        code, seconds, err = interrupt(process)
        assert (code, seconds < AT_ONCE, err) == (0, True, "")


def test_watch_skips_writes_of_the_same_text(database: Config, start: Start) -> None:
    fill(database, {"/k": "0"})
    process = start("watch", "-q", "/k")
    assert next_line(process) == "0"
    for text in ("0", "1", "1", "2"):
        database.backend.store.commit([], [Put("1/k", text)], timeout=CALL)
    assert [next_line(process), next_line(process)] == ["1", "2"]
    assert interrupt(process)[0] == 0


def test_watch_prints_differences_after_a_gap(
    database: Config, etcd: Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(etcd, {}).items():
        monkeypatch.setenv(name, value)
    entries = {"/pb/pb-a": "0", "/pb/pb-a/state": "0"}
    fill(database, entries)
    sinks: list[Any] = []

    def no_watch(self: Any, span: Span, revision: int, sink: Any, **_: Any) -> Any:
        sinks.append((sink, revision))
        return self

    monkeypatch.setattr(EtcdStore, "watch", no_watch)
    monkeypatch.setattr(EtcdStore, "cancel", lambda self: None, raising=False)
    with closing(changes(Target("/pb/pb-a", PB), 60)) as stream:
        assert next(stream) == entries
        update(database, "/pb/pb-a", "1")
        delete(database, "/pb/pb-a/state")
        now = database.backend.get("/pb/pb-a")[1].revision
        with ThreadPoolExecutor(1) as pool:
            later = pool.submit(lambda: [next(stream), next(stream)])
            wait_until(lambda: sinks)
            ((sink, revision),) = sinks
            sink.gap(now, GapCause.STALLED)
            # The second has a revision that was read before.
            for at, text in ((now + 1, "2"), (revision, "old")):
                sink.changed([Change("2/pb/pb-a", at, Entry("2/pb/pb-a", text, 1, at))])
            assert later.result(60) == [
                {"/pb/pb-a": "1", "/pb/pb-a/state": None},
                {"/pb/pb-a": "2"},
            ]


def test_watch_loses_nothing_if_its_queue_is_full(
    database: Config, etcd: Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(etcd, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(revisions, "MAX_QUEUED_BYTES", 10)
    fill(database, {"/k": "0", "/other": "0"})
    with closing(changes(Target("/k"), 60)) as stream:
        assert next(stream) == {"/k": "0"}
        for number in range(100, 130):
            update(database, "/k", str(number))
        found = [next(stream) for _ in range(30)]
    assert found == [{"/k": str(number)} for number in range(100, 130)]


def test_watch_prints_a_yaml_document_for_each_change(database: Config, start: Start) -> None:
    fill(database, {"/k": {"a": "1"}})
    process = start("watch", "-o", "yaml", "/k")
    first = ["---", "path: /k", "old: null", "new:", "  a: '1'"]
    assert [next_line(process) for _ in range(6)][:5] == first
    delete(database, "/k")
    deleted = ["---", "path: /k", "old:", "  a: '1'", "new: null"]
    assert [next_line(process) for _ in range(5)] == deleted
    assert interrupt(process)[0] == 0


@pytest.mark.parametrize("entries", [{}, {"/k": {"a": 1}}])
def test_watch_timeout_is_exit_4(database: Config, ska_sdp: Run, entries: dict[str, Any]) -> None:
    fill(database, entries)
    began = time.monotonic()
    # The stored value is read within that time.
    seconds = 3 if entries else 0.4
    result = ska_sdp("watch", "/k", "--timeout", str(seconds))
    assert time.monotonic() - began >= seconds
    assert result.code == 4
    assert (
        result.err == f"ska-sdp: Timed out after {seconds} s: use a longer --timeout, or none.\n"
    )
    on_time(bool(result.lines) or not entries, "it has not read the value in time")
    assert result.lines == [f'{path} = {{"a":1}}' for path in entries]


def test_watch_continues_after_a_restart_of_the_database(etcd_server: Any, start: Start) -> None:
    server: Etcd = etcd_server()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/k": "1"})
        process = start("watch", "-q", "/k", server=server)
        assert next_line(process) == "1"
        server.kill()
        server.start()
        update(config, "/k", "2")
        assert next_line(process) == "2"
        server.pause()
        code, seconds, _ = interrupt(process)
        server.resume()
        assert (code, seconds < AT_ONCE) == (0, True), "it waited for the database"
