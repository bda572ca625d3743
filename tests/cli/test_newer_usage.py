"""Usage of the command line of newer releases: each line works on a real etcd.

Each here in this process, and in the long tests some as processes of their own.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.objects import ALIASES, OBJECTS
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.in_time import in_time

from .conftest import Run, assert_rejected, fill, run_here
from .usage import Use, check_use, runs

DEPENDENCY = "/dependency/pb-a:k:vis:o"
ALLOCATION = "/allocation/pb-a:data"
REQUEST = "/request/pb-a:data"
RESOURCE = "/resource/storage:buffer"
FLOW = "/flow/pb-a:data-queue:vis"

STORED: dict[str, Any] = {
    ALLOCATION: {"resource": RESOURCE, "request": REQUEST, "quantity": 5},
    REQUEST: {"resource": RESOURCE, "quantity": 5},
    RESOURCE: {"quantity": 100},
    "/deploy/dpl-a": {"kind": "helm", "args": {}},
    DEPENDENCY: {},
    "/eb/eb-a": {},
    FLOW: {},
    f"{FLOW}/state": {"status": "FLOWING"},
    "/key": {},
    "/my_prefix/eb/eb-p": {},
    "/pb/pb-a": {},
    "/script/batch:a:1": {},
    "/system": {"old": 1},
}

USAGE: dict[str, list[Use]] = {
    "ska-sdp [-h]": [("-h", "Usage: ska-sdp COMMAND"), ("--help", "Usage: ska-sdp COMMAND")],
    "ska-sdp [-d]": [("-d list --all", "/"), ("list -d --all", "/")],
    "ska-sdp [-q]": [("-q list --all", "/"), ("--quiet list -a", "/"), ("list --all -q", "/")],
    "ska-sdp [--version]": [("--version", "ska-sdp, version ")],
    "ska-sdp [--prefix PREFIX]": [
        ("--prefix /my_prefix list --all", "/my_prefix/eb/eb-p\n"),
        ("list --all --prefix /my_prefix", "/my_prefix/eb/eb-p\n"),
    ],
    "ska-sdp list --all": [("list --all", "/")],
    "ska-sdp (list|create|update|delete|end) (eb|dependency|flow|pb|script)": [
        ("list eb", "/eb/eb-a\n"),
        ("list dependency", f"{DEPENDENCY}\n"),
        ("list pb", "/pb/pb-a\n"),
        ("list script", "/script/batch:a:1\n"),
        ("create eb eb-new '{}'", "created /eb/eb-new\n", "/eb/eb-new", {}),
        ("create dependency pb-a:k:vis:new '{}'", "created /dependency/pb-a:k:vis:new\n"),
        ("create pb batch:a:1", "created /pb/pb-sdpcli-"),
        ("create script batch:new:1 '{}'", "created /script/batch:new:1\n"),
        ("update dependency pb-a:k:vis:o '{\"a\": 1}'", "updated ", DEPENDENCY, {"a": 1}),
        ("update script batch:a:1 '{\"a\": 1}'", "updated ", "/script/batch:a:1", {"a": 1}),
        ("delete eb eb-a", "deleted ", "/eb/eb-a", None),
        ("delete dependency pb-a:k:vis:o", "deleted ", DEPENDENCY, None),
        ("delete flow pb-a:data-queue:vis", "deleted ", f"{FLOW}/state", None),
        ("delete pb pb-a", "deleted ", "/pb/pb-a", None),
        ("delete script batch:a:1", "deleted ", "/script/batch:a:1", None),
        ("end eb eb-a", "finished /eb/eb-a\n"),
    ],
    "ska-sdp (list|get|watch|create|update|delete) deploy": [
        ("list deploy", "/deploy/dpl-a\n"),
        ("get deploy dpl-a", "/deploy/dpl-a = "),
        ("watch deploy dpl-a", "/deploy/dpl-a = "),
        (
            "create -q deploy d-new helm '{}'",
            "d-new\n",
            "/deploy/d-new",
            {"key": "d-new", "dpl_id": "d-new", "kind": "helm", "args": {}},
        ),
        ("update deploy dpl-a '{}'", "updated ", "/deploy/dpl-a", {}),
        ("edit deploy dpl-a", "updated ", "/deploy/dpl-a", {"edited": 1}),
        ("delete deploy dpl-a", "deleted ", "/deploy/dpl-a", None),
        ("delete -ay deploy", "deleted ", "/deploy/dpl-a", None),
    ],
    "ska-sdp list flow [PB]": [
        ("list flow", f"{FLOW}\n"),
        ("list flow pb-a", f"{FLOW}\n"),
        ("-q list flow pb-a", f"{FLOW}\n"),
    ],
    "ska-sdp (get|watch) of all flows of a PB or a kind": [
        ("get flow pb-a", f"{FLOW} = "),
        ("get flow data-queue", f"{FLOW} = "),
        ("get flow pb-a:data-queue", f"{FLOW} = "),
        ("watch flow pb-a", f"{FLOW} = "),
        ("watch flow data-queue", f"{FLOW} = "),
    ],
    "ska-sdp create flow": [
        ("create flow pb-a:data-queue:new '{}'", "created ", "/flow/pb-a:data-queue:new", {}),
    ],
    "ska-sdp get OBJECT KEY": [
        ("get eb eb-a", "/eb/eb-a = "),
        ("get dependency pb-a:k:vis:o", f"{DEPENDENCY} = "),
        ("get flow pb-a:data-queue:vis", f"{FLOW} = "),
        ("get pb pb-a", "/pb/pb-a = "),
        ("get script batch:a:1", "/script/batch:a:1 = "),
    ],
    "ska-sdp (get|watch|update|edit) system": [
        ("get system", "/system = "),
        ("watch system", "/system = "),
        ("update system '{\"a\": 1}'", "updated /system\n", "/system", {"a": 1}),
        ("edit system", "updated /system\n", "/system", {"edited": 1}),
        ("update --edit system", "updated /system\n", "/system", {"edited": 1}),
    ],
    "ska-sdp import system FILE-OR-URL": [
        ("import system -", "updated /system\n", "/system", {"new": [1]}),
        ("import system - --prefix /t", "created /t/system\n", "/t/system", {"new": [1]}),
        ("import --dry-run system -", "update /system\n", "/system", {"old": 1}),
    ],
    "ska-sdp COMMAND (allocation|request|resource)": [
        ("list allocation", f"{ALLOCATION}\n"),
        ("list request", f"{REQUEST}\n"),
        ("list request pb-a", f"{REQUEST}\n"),
        ("list resource", f"{RESOURCE}\n"),
        ("list resource storage", f"{RESOURCE}\n"),
        ("get allocation pb-a:data", f"{ALLOCATION} = "),
        ("get request pb-a:data", f"{REQUEST} = "),
        ("get request pb-a", f"{REQUEST} = "),
        ("get resource storage:buffer", f"{RESOURCE} = "),
        ("get resource storage", f"{RESOURCE} = "),
        ("watch allocation pb-a", f"{ALLOCATION} = "),
        ("watch request pb-a:data", f"{REQUEST} = "),
        ("watch resource storage:buffer", f"{RESOURCE} = "),
        ("create allocation pb-a:new '{}'", "created ", "/allocation/pb-a:new", {}),
        ("create request pb-a:new '{}'", "created ", "/request/pb-a:new", {}),
        ("create resource storage:new '{}'", "created ", "/resource/storage:new", {}),
        ("create resource new '{}'", "created ", "/resource/new", {}),
        ("update allocation pb-a:data '{}'", "updated ", ALLOCATION, {}),
        ("update request pb-a:data '{}'", "updated ", REQUEST, {}),
        ("update resource storage:buffer '{}'", "updated ", RESOURCE, {}),
        ("update --edit allocation pb-a:data", "updated ", ALLOCATION, {"edited": 1}),
        ("update --edit request pb-a:data", "updated ", REQUEST, {"edited": 1}),
        ("edit resource storage:buffer", "updated ", RESOURCE, {"edited": 1}),
        ("update resource-state storage:buffer '{}'", "created ", f"{RESOURCE}/state", {}),
        ("edit resource-state storage:buffer", "created ", f"{RESOURCE}/state", {"edited": 1}),
        ("delete allocation pb-a:data", "deleted ", ALLOCATION, None),
        ("delete request pb-a:data", "deleted ", REQUEST, None),
        ("delete resource storage:buffer", "deleted ", RESOURCE, None),
        ("delete -ay allocation", "deleted ", ALLOCATION, None),
        ("delete -ay request", "deleted ", REQUEST, None),
        ("delete -ay resource", "deleted ", RESOURCE, None),
    ],
    "ska-sdp (update|edit) eb|deployment|flow, the state": [
        (
            'update eb-state eb-a \'{"status": "X"}\'',
            "created ",
            "/eb/eb-a/state",
            {"status": "X"},
        ),
        ("edit eb-state eb-a", "created ", "/eb/eb-a/state", {"edited": 1}),
        ("update deployment-state dpl-a '{}'", "created ", "/deploy/dpl-a/state", {}),
        ("edit deployment-state dpl-a", "created ", "/deploy/dpl-a/state", {"edited": 1}),
        ("update flow-state pb-a:data-queue:vis '{}'", "updated ", f"{FLOW}/state", {}),
        ("edit flow-state pb-a:data-queue:vis", "updated ", f"{FLOW}/state", {"edited": 1}),
    ],
    "ska-sdp (update|edit) pb, the state": [
        (
            'update pb pb-a \'{"status": "RUNNING"}\'',
            "created ",
            "/pb/pb-a/state",
            {"status": "RUNNING"},
        ),
        ("update pbs pb-a '{}'", "created ", "/pb/pb-a/state", {}),
        ("edit pb pb-a", "created ", "/pb/pb-a/state", {"edited": 1}),
        ("update --edit pb pb-a", "created ", "/pb/pb-a/state", {"edited": 1}),
    ],
    "ska-sdp update --edit OBJECT ID": [
        ("update --edit eb eb-a", "updated /eb/eb-a\n", "/eb/eb-a", {"edited": 1}),
        ("update eb eb-a --edit", "updated /eb/eb-a\n", "/eb/eb-a", {"edited": 1}),
        ("update --edit script batch:a:1", "updated ", "/script/batch:a:1", {"edited": 1}),
        ("update --edit deploy dpl-a", "updated ", "/deploy/dpl-a", {"edited": 1}),
        ("update --edit flow pb-a:data-queue:vis", "updated ", FLOW, {"edited": 1}),
        ("update --edit dependency pb-a:k:vis:o", "updated ", DEPENDENCY, {"edited": 1}),
        ("update --edit pb-state pb-a", "created ", "/pb/pb-a/state", {"edited": 1}),
        ("update --edit /key", "updated ", "/key", {"edited": 1}),
    ],
}


@pytest.mark.parametrize(("run", "use"), runs(USAGE))
def test_each_line_of_the_newer_usage_works(
    database: Config, etcd: Etcd, line_editor: str, run: Run, use: Use
) -> None:
    fill(database, STORED)
    check_use(database, etcd, run, use, line_editor, "new: [1]")


# Lines that mean something else in newer releases; here they mean what release 0.5.0 says.
CONFLICTS: list[Use] = [
    ("-v list eb", "/eb/eb-a = {}\n"),
    ("list -v eb", "/eb/eb-a = {}\n"),
    ("list eb --values", "/eb/eb-a = {}\n"),
    ('update eb eb-a \'{"status": "X"}\'', "updated ", "/eb/eb-a/state", None),
    ("update deployment dpl-a '{}'", "updated ", "/deploy/dpl-a", {}),
    (
        "update flow pb-a:data-queue:vis '{\"a\": 1}'",
        "updated ",
        f"{FLOW}/state",
        {"status": "FLOWING"},
    ),
]


@pytest.mark.parametrize("use", CONFLICTS, ids=[use[0] for use in CONFLICTS])
def test_line_of_two_meanings_keeps_that_of_the_earlier_usage(
    database: Config, etcd: Etcd, line_editor: str, use: Use
) -> None:
    fill(database, STORED)
    check_use(database, etcd, run_here, use, line_editor)


@pytest.mark.parametrize("options", ["-v", "--values", "-vq", "-qv", "-v --prefix /my_prefix"])
def test_values_option_before_another_command_has_no_effect(
    database: Config, ska_sdp: Run, options: str
) -> None:
    fill(database, STORED)
    words = options.split()
    plain = [word for word in words if word not in ("-v", "--values")]
    expected = ska_sdp(*(["-q"] if "q" in options else plain), "get", "/my_prefix/eb/eb-p")
    assert expected.code == 0
    assert ska_sdp(*words, "get", "/my_prefix/eb/eb-p") == expected


def test_values_option_before_list_keeps_its_effect(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    assert ska_sdp("-qv", "list", "eb").out == "{}\n"
    assert ska_sdp("-v", "list", "eb") == ska_sdp("list", "-v", "eb")


def test_values_option_after_a_command_without_it_is_rejected(ska_sdp: Run) -> None:
    for words in (["get", "-v", "eb", "eb-a"], ["get", "eb", "eb-a", "-v"]):
        assert_rejected(ska_sdp(*words), 2, "No such option")


def test_help_says_where_the_values_option_has_an_effect(ska_sdp: Run) -> None:
    shown = " ".join(ska_sdp("-v", "-h").out.split())
    assert "whole values (list, watch and history); ignored by other commands." in shown


def test_value_and_edit_exclude_each_other(ska_sdp: Run) -> None:
    assert_rejected(ska_sdp("update", "--edit", "eb", "eb-a", "{}"), 2, "Both a value and --edit")


@pytest.mark.parametrize("kind", ["pb", "pb-state"])
def test_update_of_a_processing_block_checks_its_state(
    database: Config, ska_sdp: Run, kind: str
) -> None:
    fill(database, STORED)
    assert_rejected(ska_sdp("update", kind, "pb-a", "{status: X}"), 1, "unknown status 'X'")
    assert_rejected(ska_sdp("update", kind, "pb-none", "{}"), 3, "There is nothing at /pb/pb-none")
    assert ska_sdp("update", "--force", kind, "pb-a", "{status: X}").code == 0
    assert ska_sdp("update", kind, "-h") == ska_sdp("update", "pb-state", "-h")


@pytest.mark.parametrize("line", ["list system", "create system {}", "delete system"])
def test_system_is_neither_listed_nor_created_nor_deleted(ska_sdp: Run, line: str) -> None:
    result = ska_sdp(*line.split())
    assert_rejected(result, 2, "system entry")
    assert "ska-sdp" in result.err


NAMES = {kind.name: kind.name for kind in OBJECTS} | ALIASES


@pytest.mark.parametrize("name", [name for name, kind in NAMES.items() if "-state" not in kind])
def test_missing_object_is_exit_3(ska_sdp: Run, name: str) -> None:
    key = [] if NAMES[name] in ("controller", "system") else ["none"]
    assert_rejected(ska_sdp("get", name, *key), 3, "There ")


def test_help_names_a_deployment_as_such(ska_sdp: Run) -> None:
    for verb in ("list", "get", "create", "delete"):
        assert "deploy " not in ska_sdp(verb, "-h").out
    assert ska_sdp("get", "deploy", "-h").out == ska_sdp("get", "deployment", "-h").out


LONG = "x" * 100
"""Rest of a password that is longer than what a message repeats of a word."""


@pytest.mark.parametrize(
    "line",
    [
        "create pb @http://me:sesame@h/x",
        "import http://me:sesame@h/x",
        f"import http://me:sesame{LONG}@h/x",
        f"list --prefix http://me:sesame{LONG}@h/x",
        f"wait pb pb-a http://me:sesame{LONG}@h/x",
        "import scripts a http://me:sesame@h/x",
        "import scripts a http://me:sesame%40h/x",
        "import scripts a http://me:sesame\uff20h/x",
        "import scripts a http://me:sesame'@h/x",
        "import scripts a 'http://me:sesame\"@h/x'",
    ],
)
def test_usage_error_repeats_no_password(ska_sdp: Run, line: str) -> None:
    result = ska_sdp(*line.split())
    assert result.code == 2
    assert "sesame" not in result.err


@pytest.mark.parametrize(
    "words",
    [
        ["import", "scripts", "a", "http://sesame:sesame pass@h/x"],
        ["import", "scripts", "a", "sesame", "' http://me:pass@h/x"],
        ["list", "-o", "http://sesame:it's pass@h/x"],
        ["list", "-o", 'http://sesame:it\'s "my" pass@h/x'],
        ["list", "--http://sesame:sesame pass@h/x"],
    ],
)
def test_usage_error_repeats_no_password_with_a_space(ska_sdp: Run, words: list[str]) -> None:
    result = ska_sdp(*words)
    assert result.code == 2
    assert "…@h/x" in result.err
    assert not re.search("sesame|pass|my", result.err)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["pb", "http://sesame:it's pass@h/x"], "try 'ska-sdp get pb …'"),
        (["delete", "-a", "/x/sesame:it's pass@h/x"], "use 'delete -a --prefix=PATH prefix'"),
        (["get", "pb/http://sesame:it's pass@h/x"], "did you mean 'ska-sdp get pb …'?"),
    ],
)
def test_advice_repeats_no_password(ska_sdp: Run, words: list[str], advice: str) -> None:
    result = ska_sdp(*words)
    assert result.code == 2
    assert advice in result.err
    assert not re.search("sesame|pass", result.err)


@pytest.mark.parametrize(
    "word", ["x" * 100_000, "(" * 100_000, "'(" * 50_000 + "@h", "' " * 50_000, "'\\ " * 50_000]
)
def test_usage_error_about_a_long_word_is_fast(ska_sdp: Run, word: str) -> None:
    for line in (["import", "scripts", "a"], ["list", "-o"]):
        # A time that grows with the square of the length is minutes.
        with in_time(10):
            result = ska_sdp(*line, word)
        assert_rejected(result, 2, "Try 'ska-sdp ")
