"""`ska-sdp watch`, as a process against real etcd."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend.etcd3.store import Etcd3Store
from ska_sdp_config.backend.keys import Span
from ska_sdp_config.backend.store import Change, Entry, Put
from ska_sdp_config.cli.changes import changes
from ska_sdp_config.cli.lookup import Target
from ska_sdp_config.cli.objects import PB
from ska_sdp_lmc.stack.etcd import Etcd
from tests.in_time import on_time
from tests.waiting import wait_until

from .conftest import AT_ONCE, CALL, Run, Start, contents, environment, fill


def next_line(process: subprocess.Popen[str]) -> str:
    """Get what it prints next; it is killed, and an empty text got, when nothing comes."""
    assert process.stdout is not None
    limit = threading.Timer(120, process.kill)
    limit.start()
    try:
        return process.stdout.readline().rstrip("\n")
    finally:
        limit.cancel()


def interrupt(process: subprocess.Popen[str]) -> tuple[int, float, str]:
    """Send Ctrl-C; get the exit code, the seconds it took, and what was on standard error."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    return process.returncode, time.monotonic() - began, err


def update(config: Config, path: str, text: str) -> None:
    for txn in config.txn():
        txn.update(path, text)


def delete(config: Config, path: str) -> None:
    for txn in config.txn():
        txn.delete(path)


def leases(server: Etcd) -> set[str]:
    request = urllib.request.Request(f"http://{server.endpoint}/v3/lease/leases", data=b"{}")
    with urllib.request.urlopen(request, timeout=CALL) as page:
        return {lease["ID"] for lease in json.load(page).get("leases", [])}


def test_it_prints_the_value_then_each_change_until_ctrl_c(etcd_server: Any, start: Start) -> None:
    # On a server of its own: the leases of others end whenever that may be.
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
    # Our own commits had a lease; the watch has none, neither while it runs nor afterwards.
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
def test_an_absent_key_is_waited_for(
    database: Config, start: Start, options: list[str], first: str, gone: str
) -> None:
    process = start("watch", *options, "/k", stderr=None)
    fill(database, {"/k": []})
    assert next_line(process) == first
    delete(database, "/k")
    assert next_line(process) == gone
    assert interrupt(process)[0] == 0


def test_an_object_is_watched_with_all_its_entries(database: Config, start: Start) -> None:
    fill(database, {"/t/pb/pb-a": {}, "/t/pb/pb-ab": {}, "/pb/pb-a": {"not": "this"}})
    process = start("watch", "--prefix=/t", "pb", "pb-a")
    assert next_line(process) == "/t/pb/pb-a = {}"
    fill(database, {"/t/pb/pb-a/state": {"status": "RUNNING"}, "/t/pb/pb-ab/state": {}})
    assert next_line(process) == '/t/pb/pb-a/state = {"status":"RUNNING"}'
    delete(database, "/t/pb/pb-a/state")
    assert next_line(process) == "/t/pb/pb-a/state = null"
    assert interrupt(process)[:1] == (0,)


@pytest.mark.long
def test_each_of_many_changes_is_seen_in_order(database: Config, etcd: Etcd, start: Start) -> None:
    fill(database, {"/k": "0", "/pb/pb-a/state": "0"})
    of_key, of_object = start("watch", "-q", "/k"), start("watch", "-q", "pb", "pb-a")
    assert [next_line(of_key), next_line(of_object)] == ["0", "0"]

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
    for process in (of_key, of_object):
        seen = [int(next_line(process)) for _ in range(800)]
        for first in (1, 1001):
            mine = [number for number in seen if first <= number < first + 1000]
            assert mine == list(range(first, first + 400))
    for process in (of_key, of_object):
        code, seconds, err = interrupt(process)
        assert (code, seconds < AT_ONCE, err) == (0, True, "")


def test_what_is_written_again_is_no_change(database: Config, start: Start) -> None:
    fill(database, {"/k": "0"})
    process = start("watch", "-q", "/k")
    assert next_line(process) == "0"
    for text in ("0", "1", "1", "2"):
        database.backend.store.commit([], [Put("1/k", text)], timeout=CALL)
    assert [next_line(process), next_line(process)] == ["1", "2"]
    assert interrupt(process)[0] == 0


def test_after_a_gap_it_prints_what_differs(
    database: Config, etcd: Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(etcd, {}).items():
        monkeypatch.setenv(name, value)
    entries = {"/pb/pb-a": "0", "/pb/pb-a/state": "0"}
    fill(database, entries)
    tell: list[Any] = []

    def watch_nothing(self: Any, span: Span, revision: int, sink: Any) -> Any:
        tell.append((sink, revision))
        return self

    monkeypatch.setattr(Etcd3Store, "watch", watch_nothing)
    monkeypatch.setattr(Etcd3Store, "cancel", lambda self: None, raising=False)
    with closing(changes(Target("/pb/pb-a", PB), "", 60)) as news:
        assert [next(news), next(news)] == [*entries.items()]
        update(database, "/pb/pb-a", "1")
        delete(database, "/pb/pb-a/state")
        now = database.backend.get("/pb/pb-a")[1].revision
        with ThreadPoolExecutor(1) as pool:
            later = pool.submit(lambda: [next(news), next(news), next(news)])
            wait_until(lambda: tell)
            (sink, revision) = tell[0]
            sink.gap(now)
            # The second is told of a revision that has been read.
            for at, text in ((now + 1, "2"), (revision, "old")):
                sink.changed([Change("2/pb/pb-a", at, Entry("2/pb/pb-a", text, 1, at))])
            sink.changed([])
            assert later.result(60) == [
                ("/pb/pb-a", "1"),
                ("/pb/pb-a/state", None),
                ("/pb/pb-a", "2"),
            ]


def test_yaml_is_one_document_for_each_change(database: Config, start: Start) -> None:
    fill(database, {"/k": {"a": "1"}})
    process = start("watch", "-o", "yaml", "/k")
    assert [next_line(process) for _ in range(3)] == ["---", "/k:", "  a: '1'"]
    delete(database, "/k")
    assert [next_line(process) for _ in range(2)] == ["---", "/k: null"]
    assert interrupt(process)[0] == 0


@pytest.mark.parametrize("entries", [{}, {"/k": {"a": 1}}])
def test_time_that_runs_out_is_exit_4(
    database: Config, ska_sdp: Run, entries: dict[str, Any]
) -> None:
    fill(database, entries)
    began = time.monotonic()
    # What is there is read within that time, or not at all.
    seconds = 3 if entries else 0.4
    result = ska_sdp("watch", "/k", "--timeout", str(seconds))
    assert time.monotonic() - began >= seconds
    assert result.code == 4
    assert result.err == f"ska-sdp: {seconds} s are over: give a longer --timeout, or none.\n"
    on_time(bool(result.lines) or not entries, "it has not come to read what is there")
    assert result.lines == [f'{path} = {{"a":1}}' for path in entries]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/k --timeout 0", "more than 0"),
        ("/k --timeout nan", "more than 0"),
        ("/k --timeout soon", "'soon' is not a valid float"),
        ("--timeout 1 ", "name one of pb"),
        ("/k/", "ends with '/'"),
    ],
)
def test_bad_usage_is_exit_2(parse: Run, line: str, complaint: str) -> None:
    result = parse("watch", *line.split())
    assert (result.code, result.out) == (2, "")
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1


def test_it_goes_on_when_the_database_was_gone(etcd_server: Any, start: Start) -> None:
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
        assert (code, seconds < AT_ONCE) == (0, True), "the silence of the database held it up"
