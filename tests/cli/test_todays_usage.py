"""Usage of today's command line of the SDP: each line works on a real etcd.

Here in this process, and in the long tests each as a process of its own.
"""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import Run, fill, run_here, run_process
from .usage import Use, check_use

DEPENDENCY = "/dependency/pb-a:k:vis:o"
FLOW = "/flow/pb-a:data-queue:vis"

STORED: dict[str, Any] = {
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
    "ska-sdp (list|get|watch|create|update|delete) deploy": [
        ("list deploy", "/deploy/dpl-a\n"),
        ("get deploy dpl-a", "/deploy/dpl-a = "),
        ("watch deploy dpl-a", "/deploy/dpl-a = "),
        (
            "create -q deploy d-new helm '{}'",
            "d-new\n",
            "/deploy/d-new",
            {"dpl_id": "d-new", "kind": "helm", "args": {}},
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

USES = [use for uses in USAGE.values() for use in uses]


@pytest.mark.parametrize("run", [run_here, pytest.param(run_process, marks=pytest.mark.long)])
@pytest.mark.parametrize("use", USES, ids=[use[0] for use in USES])
def test_each_line_of_todays_usage_works(
    database: Config, etcd: Etcd, line_editor: str, run: Run, use: Use
) -> None:
    fill(database, STORED)
    check_use(database, etcd, run, use, line_editor, "new: [1]")


CONFLICTS = [
    ("-v list eb --prefix /my_prefix", "/my_prefix/eb/eb-p = {}\n"),
]
"""Lines whose meaning here is not that of today's command line."""
