"""`ska-sdp wait`: conditions, and the command."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.condition import Condition
from ska_sdp_config.cli.objects import COMPONENT, CONTROLLER, DEPENDENCY, DEPLOYMENT, EB, FLOW, PB
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.entity.states import (
    DependencyState,
    DeploymentState,
    ExecutionBlockState,
    FlowState,
    ProcessingBlockState,
)
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.in_time import on_time

from .conftest import AT_ONCE, Run, Start, assert_rejected, fill, interrupt, update

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
def test_condition_reads_the_state_before_the_value(condition: str, where: str | None) -> None:
    found = Condition.read(condition).find(Target("/pb/pb-a", PB), PB_A)
    assert (found.path if found else None) == where


def test_condition_on_a_key_reads_only_the_key() -> None:
    condition = Condition("status", "RUNNING")
    assert condition.find(Target("/pb/pb-a"), PB_A) is None
    assert condition.find(Target("/pb/pb-a/state"), {"/pb/pb-a/state": json.dumps(STATE)})
    assert condition.find(Target("/lmc/controller", CONTROLLER), {}) is None


@pytest.mark.parametrize(
    ("condition", "stored", "sentence"),
    [
        ("status=FINISHED", PB_A, "At /pb/pb-a/state, status is RUNNING."),
        ("script.name=x", PB_A, "At /pb/pb-a, script.name is vis."),
        ("script=x", PB_A, 'At /pb/pb-a, script is {"name": "vis"}.'),
        ("none=x", PB_A, "/pb/pb-a has no field 'none'."),
        ("status=FINISHED", {}, "There is nothing at /pb/pb-a."),
        ("status=x", {"/pb/pb-a": '{"status": "' + "y" * 300 + '"}'}, f"is {'y' * 200}…."),
    ],
)
def test_condition_names_the_present_value(
    condition: str, stored: dict[str, str], sentence: str
) -> None:
    present = Condition.read(condition).present(Target("/pb/pb-a", PB), stored)
    assert present.endswith(sentence)


PB_STATUSES_KNOWN = (
    "known are STARTING, WAITING, RUNNING, READY, FINISHED, CANCELLING, CANCELLED, FAILED."
)


@pytest.mark.parametrize(
    ("condition", "stored", "doubts"),
    [
        ("status=FINISHED", PB_A, []),
        ("status=FINISHED", {}, []),
        ("yes=false", PB_A, []),
        ("script.name=x", PB_A, []),
        # Known fields that are not stored yet.
        ("status=FINISHED", {"/pb/pb-a": "{}"}, []),
        ("error_messages=x", {"/pb/pb-a": "{}"}, []),
        ("script.name=x", {"/pb/pb-a": "{}"}, []),
        (
            "sttus=FINISHED",
            PB_A,
            ["/pb/pb-a has no field 'sttus': did you mean 'status'? Its fields are "],
        ),
        (
            "script.nme=x",
            PB_A,
            ["has no field 'script.nme': did you mean 'script.name'? Its fields are script.name."],
        ),
        ("bogus=1", {"/pb/pb-a": "text"}, ["/pb/pb-a has no field 'bogus': its fields are "]),
        (
            "status=FINISHD",
            PB_A,
            ["Unknown status 'FINISHD' of processing blocks: did you mean 'FINISHED'? Known"],
        ),
        (
            "status=DONE",
            {},
            [f"Unknown status 'DONE' of processing blocks: {PB_STATUSES_KNOWN}"],
        ),
        ("status=1", PB_A, ["Unknown status 1 of"]),
    ],
)
def test_condition_that_may_never_hold_is_doubted(
    condition: str, stored: dict[str, str], doubts: list[str]
) -> None:
    found = list(Condition.read(condition).doubts(Target("/pb/pb-a", PB), stored, ""))
    assert len(found) == len(doubts), found
    for each, expected in zip(found, doubts, strict=True):
        assert expected in each


def test_statuses_of_each_kind_are_known() -> None:
    of_eb = Condition.read("status=RUNNING").doubts(Target("/t/eb/eb-a", EB), {}, "/t")
    assert [*of_eb] == [
        "Unknown status 'RUNNING' of execution blocks: known are ACTIVE, FINISHED, CANCELLED."
    ]
    of_key = Condition.read("status=RUN").doubts(Target("/pb/pb-a/state"), {}, "")
    assert "did you mean 'RUNNING'?" in next(of_key)
    # Other programs decide about those of other objects.
    assert not [*Condition.read("status=X").doubts(Target("/component/a", COMPONENT), {}, "")]
    assert not [*Condition.read("status=X").doubts(Target("/other"), {}, "")]


FIELDS = [
    (Target("/pb/pb-a", PB), ProcessingBlockState),
    (Target("/eb/eb-a", EB), ExecutionBlockState),
    (Target("/deploy/a", DEPLOYMENT), DeploymentState),
    (Target("/flow/pb-a:data-queue:a", FLOW), FlowState),
    (Target("/dependency/pb-a:data-queue:a:pb-b", DEPENDENCY), DependencyState),
]


@pytest.mark.parametrize(
    ("target", "field"),
    [(target, field) for target, state in FIELDS for field in state.__annotations__],
    ids=lambda value: value.path if isinstance(value, Target) else value,
)
@pytest.mark.parametrize("has_state", [False, True])
def test_field_of_a_state_is_not_doubted(target: Target, field: str, has_state: bool) -> None:
    stored = {target.entry: "{}", **({f"{target.path}/state": "{}"} if has_state else {})}
    for name in (field, f"{field}.a"):
        assert not [
            each for each in Condition(name, "x").doubts(target, stored, "") if "field" in each
        ]


def test_field_of_the_state_of_another_kind_is_doubted() -> None:
    condition = Condition("deployments_ready", "true")
    (doubt,) = condition.doubts(Target("/eb/eb-a", EB), {"/eb/eb-a": "{}"}, "")
    assert doubt.startswith("/eb/eb-a has no field 'deployments_ready': its fields are ")


def test_slip_in_a_condition_is_a_warning_at_once(database: Config, start: Start) -> None:
    fill(database, {"/pb/pb-a": {"n": 1}, "/pb/pb-a/state": {"status": "RUNNING"}})
    process = start("wait", "pb", "pb-a", "status=FINISHD")
    assert process.stderr is not None
    warning = process.stderr.readline()
    assert warning.startswith("ska-sdp: Warning: Unknown status 'FINISHD' of processing ")
    assert "did you mean 'FINISHED'?" in warning
    # It waits nevertheless: other programs may write what is not known here.
    update(database, "/pb/pb-a/state", '{"status": "FINISHD"}')
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, '/pb/pb-a/state = {"status":"FINISHD"}\n', "")


def test_wait_with_a_short_timeout_gives_the_present_value(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/pb/pb-a/state": {"status": "RUNNING"}})
    result = ska_sdp("wait", "pb", "pb-a", "sttus=X", "--timeout=0.01")
    assert result.code == 4
    # On a busy machine it may be killed before it has read the value.
    on_time("/pb/pb-a/state has no field 'sttus'." in result.err.splitlines()[-1], result.err)


def test_quiet_wait_gives_no_warning(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/pb/pb-a/state": {"status": "RUNNING"}})
    result = ska_sdp("wait", "-q", "pb", "pb-a", "sttus=X", "--timeout=0.2")
    assert_rejected(result, 4, "/pb/pb-a/state has no field 'sttus'.")


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("pb pb-a status=RUNNING", '/pb/pb-a/state = {"status":"RUNNING"}\n'),
        ("-o json --timeout=90 pb pb-a n=1", '{\n  "/pb/pb-a": {\n    "n": 1\n  }\n}\n'),
        ("/pb/pb-a n=1 -q", ""),
        ("controller -o name last_command=On", "/lmc/controller\n"),
    ],
)
def test_wait_returns_if_the_condition_holds(
    database: Config, ska_sdp: Run, line: str, out: str
) -> None:
    stored: dict[str, Any] = {
        "/lmc/controller": {"last_command": "On"},
        "/pb/pb-a": {"n": 1},
        "/pb/pb-a/state": {"status": "RUNNING"},
    }
    fill(database, stored)
    assert ska_sdp("wait", *line.split()) == (0, out, "")


def test_wait_returns_when_the_condition_holds(database: Config, start: Start) -> None:
    fill(database, {"/seen": "0"})
    watching = start("watch", "-q", "/seen")
    assert watching.stdout is not None
    watching.stdout.readline()
    waiting = start("wait", "pb", "pb-a", "status=FINISHED")
    # In one commit: the state takes precedence.
    fill(database, {"/pb/pb-a": {"status": "FINISHED"}, "/pb/pb-a/state": {"status": "RUNNING"}})
    update(database, "/seen", "1")
    assert watching.stdout.readline() == "1\n"
    assert waiting.poll() is None
    update(database, "/pb/pb-a/state", '{"status": "FINISHED"}')
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out, err) == (0, '/pb/pb-a/state = {"status":"FINISHED"}\n', "")
    assert interrupt(watching)[0] == 0


def test_timeout_is_exit_4_and_ctrl_c_exit_1(database: Config, ska_sdp: Run, start: Start) -> None:
    result = ska_sdp("wait", "pb", "pb-a", "status=RUNNING", "--timeout", "0.2")
    assert_rejected(
        result,
        4,
        "ska-sdp: Timed out after 0.2 s: use a longer --timeout, or none. There is nothing at "
        "/pb/pb-a.",
    )
    # After the first log line of the library the command is waiting.
    process = start("wait", "--debug", "pb", "pb-a", "status=RUNNING")
    assert process.stderr is not None
    assert process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 1


@pytest.mark.long
@pytest.mark.parametrize("verb", ["wait", "watch"])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_silent_database_does_not_delay_the_timeout(
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
        # The first log line of the library reports the connection.
        process.stderr.readline()
        server.pause()
    began = time.monotonic()
    _, err = process.communicate(timeout=120)
    seconds = time.monotonic() - began
    server.resume()
    assert process.returncode == 4
    # The present value follows if it could be read.
    message = "ska-sdp: Timed out after 1 s: use a longer --timeout, or none."
    assert err.splitlines()[-1].startswith(message)
    assert seconds < AT_ONCE, "it waited for the database"
