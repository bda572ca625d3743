"""`ska-sdp wait`: conditions, as a table, and the process that waits for one."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.lookup import Target
from ska_sdp_config.cli.objects import CONTROLLER, PB
from ska_sdp_config.cli.wait import Condition
from ska_sdp_lmc.stack.etcd import Etcd

from .conftest import AT_ONCE, Run, Start, fill
from .test_watch import interrupt, update

VALUE = {"eb_id": None, "n": 1, "script": {"name": "vis"}, "status": "OLD", "yes": True}
STATE = {"status": "RUNNING", "n": 2}
PB_A = {"/pb/pb-a": json.dumps(VALUE), "/pb/pb-a/state": json.dumps(STATE), "/pb/pb-a/owner": "{}"}


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("status=RUNNING", "/pb/pb-a/state"),
        ('status="RUNNING"', "/pb/pb-a/state"),
        ("status=OLD", None),
        ("n=2", "/pb/pb-a/state"),
        ("n=2.0", "/pb/pb-a/state"),
        ("n=1", None),
        ("eb_id=null", "/pb/pb-a"),
        ("eb_id=", None),
        ("yes=true", "/pb/pb-a"),
        ("yes=1", None),
        ("script.name=vis", "/pb/pb-a"),
        ('script={"name": "vis"}', "/pb/pb-a"),
        ("script.none=vis", None),
        ("none=null", None),
    ],
)
def test_a_field_is_looked_for_in_the_state_then_in_the_value(
    condition: str, where: str | None
) -> None:
    found = Condition.read(condition).find(Target("/pb/pb-a", PB), PB_A)
    assert (found.path if found else None) == where


def test_a_key_is_looked_at_alone() -> None:
    condition = Condition("status", "RUNNING")
    assert condition.find(Target("/pb/pb-a"), PB_A) is None
    assert condition.find(Target("/pb/pb-a/state"), {"/pb/pb-a/state": json.dumps(STATE)})
    assert condition.find(Target("/lmc/controller", CONTROLLER), {}) is None


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("pb pb-a status=RUNNING", '/pb/pb-a/state = {"status":"RUNNING"}\n'),
        ("-o json --timeout=90 pb pb-a n=1", '{\n  "/pb/pb-a": {\n    "n": 1\n  }\n}\n'),
        ("/pb/pb-a n=1 -q", ""),
        ("controller -o name last_command=On", "/lmc/controller\n"),
    ],
)
def test_what_is_so_is_exit_0_at_once(database: Config, ska_sdp: Run, line: str, out: str) -> None:
    stored: dict[str, Any] = {
        "/lmc/controller": {"last_command": "On"},
        "/pb/pb-a": {"n": 1},
        "/pb/pb-a/state": {"status": "RUNNING"},
    }
    fill(database, stored)
    assert ska_sdp("wait", *line.split()) == (0, out, "")


def test_it_waits_until_it_is_so(database: Config, start: Start) -> None:
    fill(database, {"/seen": "0"})
    watching = start("watch", "-q", "/seen")
    assert watching.stdout is not None
    watching.stdout.readline()
    waiting = start("wait", "pb", "pb-a", "status=FINISHED")
    fill(database, {"/pb/pb-a/state": {"status": "RUNNING"}})
    update(database, "/seen", "1")
    assert watching.stdout.readline() == "1\n"
    assert waiting.poll() is None
    update(database, "/pb/pb-a/state", '{"status": "FINISHED"}')
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out, err) == (
        0,
        '/pb/pb-a/state = {"status":"FINISHED"}\n',
        "",
    )
    assert interrupt(watching)[0] == 0


def test_time_that_runs_out_is_exit_4_and_ctrl_c_exit_1(
    database: Config, ska_sdp: Run, start: Start
) -> None:
    result = ska_sdp("wait", "pb", "pb-a", "status=RUNNING", "--timeout", "0.2")
    assert (result.code, result.out) == (4, "")
    assert result.err == "ska-sdp: 0.2 s are over: give a longer --timeout, or none.\n"
    # What the library logs tells that the interrupt comes while it is at it.
    process = start("wait", "--debug", "pb", "pb-a", "status=RUNNING")
    assert process.stderr is not None
    assert process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 1


@pytest.mark.long
@pytest.mark.parametrize("verb", ["wait", "watch"])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_silent_database_does_not_hold_it_up(
    etcd_server: Any, start: Start, verb: str, meanwhile: bool
) -> None:
    server: Etcd = etcd_server()
    line = [verb, "/k", *(["n=2"] if verb == "wait" else []), "--timeout", "1", "--debug"]
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/k": "1"})
    if not meanwhile:
        server.pause()
    process = start(*line, server=server)
    assert process.stderr is not None
    if meanwhile:
        # What the library logs first is that it is connected, and then that it watches.
        process.stderr.readline()
        server.pause()
    began = time.monotonic()
    _, err = process.communicate(timeout=120)
    seconds = time.monotonic() - began
    server.resume()
    assert (process.returncode, err.splitlines()[-1]) == (
        4,
        "ska-sdp: 1 s are over: give a longer --timeout, or none.",
    )
    assert seconds < AT_ONCE, "it waited for the database all the same"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("pb pb-a", "Missing argument 'FIELD=VALUE'"),
        ("pb pb-a status", "'status' is no condition: write FIELD=VALUE."),
        ("pb pb-a =x", "'=x' is no condition"),
        ("pb status=RUNNING", "Missing argument 'FIELD=VALUE'"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(parse: Run, line: str, complaint: str) -> None:
    result = parse("wait", *line.split())
    assert (result.code, result.out) == (2, "")
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1
