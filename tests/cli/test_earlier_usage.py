"""Usage of the earlier command line: each line works on a real etcd.

Each here in this process, and in the long tests some as processes of their own.
"""

from __future__ import annotations

import re

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.shared import EARLIER_DOCUMENTATION, has_earlier_documentation

from .conftest import Run, fill
from .usage import Use, check_use, runs

SCRIPTS = "{scripts: [{kind: batch, name: imported, version: 1.0.0, image: i}]}"

STORED = {
    "/deploy/dpl-a": {"kind": "helm", "args": {}},
    "/deploy/dpl-b": {"kind": "helm", "args": {}},
    "/deploy/dpl-c": {"kind": "helm", "args": {}},
    "/eb/eb-a": {"test": True},
    "/eb/eb-b": {"test": True},
    "/eb/eb-c": {"test": True},
    "/eb/eb-d": {"test": True},
    "/key": "value",
    "/lmc/controller": {},
    "/lmc/subarray/01": {},
    "/pb/pb-a-20210102-00000": {},
    "/pb/pb-a-20210102-00000/state": {},
    "/pb/pb-b": {},
    "/pb/pb-c": {},
    "/script/batch:a:1": {"image": "i"},
    "/script/batch:b:1": {"image": "i"},
    "/u/pb/pb-x": {},
    "/v/script/batch:x:1": {},
    "/w/eb/eb-x": {},
    "/x/deploy/dpl-x": {},
    "/y/any/thing": {},
}

PB = "/pb/pb-a-20210102-00000"
# Commands by line of usage.
USAGE: dict[str, list[Use]] = {
    "ska-sdp COMMAND [options] [SDP_OBJECT] [<args>...]": [("list -q pb", PB)],
    "ska-sdp COMMAND (-h|--help)": [("get -h", "Usage: ska-sdp get"), ("get --help", "Usage: ")],
    "ska-sdp (-h|--help)": [("-h", "Usage: ska-sdp COMMAND"), ("--help", "Usage: ")],
    "ska-sdp list (-a |--all) [options]": [("list -a", "/"), ("list --all -q", "/")],
    "ska-sdp list [options] pb [<date>]": [
        ("list pb", PB),
        ("list --values pb 20210102", f"{PB} = {{}}"),
    ],
    "ska-sdp list [options] script [<kind>]": [
        ("list script", "/script/"),
        ("list -v script batch", "/script/batch:"),
    ],
    "ska-sdp list [options] (deployment|eb|controller|subarray)": [
        ("list deployment", "/deploy/"),
        ("list eb", "/eb/"),
        ("list controller", "/lmc/controller"),
        ("list subarray", "/lmc/subarray/01"),
    ],
    "ska-sdp list (-h|--help)": [("list -h", "Usage: ska-sdp list")],
    "ska-sdp (get|watch) [options] <key>": [
        ("get -q /key", "value"),
        ("watch /key", "/key = value"),
    ],
    "ska-sdp (get|watch) [options] pb <pb-id>": [
        ("get pb pb-a-20210102-00000", f"{PB} = {{}}"),
        ("watch pb pb-a-20210102-00000", f"{PB} = {{}}"),
    ],
    "ska-sdp (get|watch) (-h|--help)": [("watch --help", "Usage: ska-sdp watch")],
    "ska-sdp create [options] pb <script> [<parameters>] [--eb=<eb-parameters>]": [
        ("create pb batch:a:1", "created /pb/pb-sdpcli-"),
        ("create pb batch:a:1 '{}' --eb='{\"max_length\": 1.0}'", "created /pb/pb-sdpcli-"),
    ],
    "ska-sdp create [options] deployment <item-id> <kind> <parameters>": [
        (
            """create deployment d-new helm '{"chart": "c", "values": {}}'""",
            "created /deploy/d-new",
            "/deploy/d-new",
            {
                "key": "d-new",
                "dpl_id": "d-new",
                "kind": "helm",
                "args": {"chart": "c", "values": {}},
            },
        )
    ],
    "ska-sdp create [options] (script|eb) <item-id> <value>": [
        ("create script batch:n:1 '{}'", "created /script/batch:n:1", "/script/batch:n:1", {}),
        (
            """create eb eb-test-20210524-000000 '{"test": true}'""",
            "created /eb/eb-test-20210524-000000",
            "/eb/eb-test-20210524-000000",
            {"test": True},
        ),
    ],
    "ska-sdp create (-h|--help)": [("create -h", "Usage: ska-sdp create")],
    "ska-sdp update [options] (script|eb|deployment) <item-id> <value>": [
        ("update script batch:a:1 '{}'", "updated /script/batch:a:1", "/script/batch:a:1", {}),
        ("update eb eb-a '{}'", "updated /eb/eb-a", "/eb/eb-a", {}),
        ("update -q deployment dpl-a '{}'", "", "/deploy/dpl-a", {}),
    ],
    "ska-sdp update [options] pb-state <item-id> <value>": [
        (
            """update pb-state pb-a-20210102-00000 '{"status": "RUNNING"}'""",
            f"updated {PB}/state",
            f"{PB}/state",
            {"status": "RUNNING"},
        )
    ],
    "ska-sdp update [options] controller <value>": [
        ("update controller '{\"a\": 1}'", "updated /lmc/controller", "/lmc/controller", {"a": 1})
    ],
    "ska-sdp update [options] subarray <item-id> <value>": [
        ("update subarray 01 '{\"a\": 1}'", "updated ", "/lmc/subarray/01", {"a": 1})
    ],
    "ska-sdp edit (script|eb|deployment) <item-id>": [
        ("edit script batch:b:1", "updated ", "/script/batch:b:1", {"edited": 1}),
        ("edit eb eb-b", "updated /eb/eb-b", "/eb/eb-b", {"edited": 1}),
        ("edit deployment dpl-b", "updated ", "/deploy/dpl-b", {"edited": 1}),
    ],
    "ska-sdp edit pb-state <item-id>": [
        ("edit pb-state pb-b", "created ", "/pb/pb-b/state", {"edited": 1})
    ],
    "ska-sdp edit controller": [("edit controller", "updated ", "/lmc/controller", {"edited": 1})],
    "ska-sdp edit subarray <item-id>": [
        ("edit subarray 01", "updated ", "/lmc/subarray/01", {"edited": 1})
    ],
    "ska-sdp (update|edit) (-h|--help)": [
        ("update -h", "Usage: ska-sdp update"),
        ("edit --help", "Usage: ska-sdp edit"),
    ],
    "ska-sdp delete (-a|--all) [options] (pb|script|eb|deployment|prefix)": [
        ("delete -a --prefix=/u pb -y", "deleted /u/", "/u/pb/pb-x", None),
        ("delete --all --prefix=/v script -y", "deleted /v/", "/v/script/batch:x:1", None),
        ("delete -a --prefix=/w eb -y", "deleted /w/", "/w/eb/eb-x", None),
        ("delete -a --prefix=/x deployment -y", "deleted /x/", "/x/deploy/dpl-x", None),
        ("delete -a --prefix=/y prefix -y", "deleted /y/", "/y/any/thing", None),
    ],
    "ska-sdp delete [options] (pb|eb|deployment) <item-id>": [
        ("delete pb pb-c", "deleted /pb/", "/pb/pb-c", None),
        ("delete eb eb-c", "deleted /eb/eb-c", "/eb/eb-c", None),
        ("delete deployment dpl-c", "deleted /deploy/dpl-c", "/deploy/dpl-c", None),
    ],
    "ska-sdp delete [options] script <script>": [
        ("delete script batch:b:1", "deleted /script/batch:b:1", "/script/batch:b:1", None)
    ],
    "ska-sdp delete (-h|--help)": [("delete -h", "Usage: ska-sdp delete")],
    "ska-sdp end eb <eb-id> [options]": [("end eb eb-d -c", "cancelled /eb/eb-d")],
    "ska-sdp end (-h|--help)": [("end --help", "Usage: ska-sdp end")],
    "ska-sdp import scripts [options] <file-or-url>": [
        (
            "import scripts --sync - --prefix=/i",
            "created /i/script/batch:imported:1.0.0",
            "/i/script/batch:imported:1.0.0",
            {"image": "i"},
        )
    ],
    "ska-sdp import (-h|--help)": [("import -h", "Usage: ska-sdp import")],
}


@pytest.mark.parametrize(("run", "use"), runs(USAGE))
def test_each_line_of_the_earlier_usage_works(
    database: Config, etcd: Etcd, line_editor: str, run: Run, use: Use
) -> None:
    fill(database, STORED)
    check_use(database, etcd, run, use, line_editor, SCRIPTS)


@has_earlier_documentation
def test_earlier_usage_is_complete() -> None:
    chapter = EARLIER_DOCUMENTATION.read_text("utf-8").partition("5.3 Usage")[2]
    lines = [line.strip() for line in chapter.splitlines() if line.startswith("ska-sdp ")]
    usage = {line for line in lines if re.search(r"<|\(|\[|COMMAND|edit controller$", line)}
    assert usage == set(USAGE)
