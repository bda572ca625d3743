"""`ska-sdp watch`, on etcd."""

from __future__ import annotations

import json
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
from ska_sdp_config.store.interface import Change, Entry, Put
from ska_sdp_config.store.keys import Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.in_time import on_time
from tests.support.waiting import wait_until

from .conftest import AT_ONCE, CALL, Run, Start, contents, environment, fill, interrupt, update


def next_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of output, an empty text after a timeout."""
    assert process.stdout is not None
    limit = threading.Timer(120, process.kill)
    limit.start()
    try:
        return process.stdout.readline().rstrip("\n")
    finally:
        limit.cancel()


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
        assert next_line(process) == '/pb/pb-a = {"n":1}'
        update(config, "/pb/pb-a", "text")
        assert next_line(process) == "/pb/pb-a = text"
        delete(config, "/pb/pb-a")
        assert next_line(process) == "/pb/pb-a = null"
        fill(config, {"/pb/pb-a": {"n": 0}})
        assert next_line(process) == '/pb/pb-a = {"n":0}'
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
        (["-o", "json"], '{"/k": []}', '{"/k": null}'),
        (["-q", "-o", "json"], "[]", "null"),
        (["-o", "name"], "/k", "/k"),
        (["-o", "table", "-q"], "[]", "/k was deleted"),
    ],
)
def test_watch_waits_for_a_missing_key(
    database: Config, start: Start, options: list[str], first: str, gone: str
) -> None:
    process = start("watch", *options, "/k", stderr=None)
    fill(database, {"/k": []})
    assert next_line(process) == first
    delete(database, "/k")
    assert next_line(process) == gone
    assert interrupt(process)[0] == 0


def test_watch_prints_all_entries_of_an_object(database: Config, start: Start) -> None:
    fill(database, {"/t/pb/pb-a": {}, "/t/pb/pb-ab": {}, "/pb/pb-a": {"not": "this"}})
    process = start("watch", "--prefix=/t", "pb", "pb-a")
    assert next_line(process) == "/t/pb/pb-a = {}"
    fill(database, {"/t/pb/pb-a/state": {"status": "RUNNING"}, "/t/pb/pb-ab/state": {}})
    assert next_line(process) == '/t/pb/pb-a/state = {"status":"RUNNING"}'
    delete(database, "/t/pb/pb-a/state")
    assert next_line(process) == "/t/pb/pb-a/state = null"
    assert interrupt(process)[:1] == (0,)


def test_watch_prints_all_flows_of_a_block(database: Config, start: Start) -> None:
    fill(database, {"/flow/pb-a:k:a": {"n": 0}, "/flow/pb-b:k:a": {}})
    process = start("watch", "flow", "pb-a")
    assert next_line(process) == '/flow/pb-a:k:a = {"n":0}'
    fill(database, {"/flow/pb-b:k:b": {}, "/flow/pb-a:k:b": {}, "/flow/pb-a:k:b/state": {}})
    assert next_line(process) == "/flow/pb-a:k:b = {}"
    assert next_line(process) == "/flow/pb-a:k:b/state = {}"
    delete(database, "/flow/pb-a:k:a")
    assert next_line(process) == "/flow/pb-a:k:a = null"
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

    def no_watch(self: Any, span: Span, revision: int, sink: Any) -> Any:
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
            sink.gap(now)
            # The second has a revision that was read before.
            for at, text in ((now + 1, "2"), (revision, "old")):
                sink.changed([Change("2/pb/pb-a", at, Entry("2/pb/pb-a", text, 1, at))])
            sink.changed([])
            assert later.result(60) == [
                {"/pb/pb-a": "1", "/pb/pb-a/state": None},
                {"/pb/pb-a": "2"},
            ]


def test_watch_prints_a_yaml_document_for_each_change(database: Config, start: Start) -> None:
    fill(database, {"/k": {"a": "1"}})
    process = start("watch", "-o", "yaml", "/k")
    assert [next_line(process) for _ in range(3)] == ["---", "/k:", "  a: '1'"]
    delete(database, "/k")
    assert [next_line(process) for _ in range(2)] == ["---", "/k: null"]
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
