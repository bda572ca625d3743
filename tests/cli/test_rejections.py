"""Rejected commands: an exit code and one line with the reason; nothing is changed.

Invalid usage is rejected before the database is read.
"""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from ska_sdp_config import Config

from .conftest import Run, assert_rejected, contents, fill
from .samples import STORED

LONG = "x" * 5_000

STORED_EXTRA: dict[str, Any] = {
    "/eb/eb-done": {"status": "CANCELLED"},
    "/eb/eb-list": [],
    "/eb/eb-odd": {},
    "/eb/eb-odd/state": "text",
    "/eb/eb-text": "text",
    "/t/pb/pb-a": {},
}

INVALID: list[tuple[str, str]] = [
    ("eb eb-a '[]'", "/eb/eb-a was rejected, nothing was changed: it is a list, not a mapping"),
    ("pb batch:x:1 '{1: 2}'", "the key 1 is not a string: quote it (line 1, column 2)."),
    ("pb batch:x:1 --eb='{1: 2}'", "the key 1 is not a string: quote it"),
    ("script batch:x:1 '{image: i, 1: 2}'", "the key 1 is not a string: quote it"),
    ("eb eb-a '{scan_types: 1}'", "scan_types is 1: should be a valid array."),
    (
        "eb eb-a '{beams: [{}, 7], max_length: x}'",
        'max_length is "x": should be a valid number; b',
    ),
    ("eb eb-a '{eb_id: eb-b}'", "eb_id is 'eb-b', but its path has 'eb-a'."),
    ("eb eb-a '{key: eb-b}'", "key is 'eb-b', but its path has 'eb-a'."),
    ("eb eb-a '{a: 2020-01-01}'", "put dates and the like in quotes."),
    ("eb eb-a '{a: !!python/object:os.system {}}'", "could not determine a constructor"),
    ("eb eb-a '{'", "was rejected, nothing was changed: "),
    ('eb eb-a \'{"a": "\\ud800"}\'', "it is not JSON ("),
    ("script batch:a:1 '{image: 1}'", "image is 1: should be a valid string."),
    ("deployment d helm '{chart: 1, values: []}'", "args.chart is 1: should be a valid string; a"),
    ("deployment d helm '[]'", "args is []: should be an object."),
    ("flow a:b:c '{sink: {kind: data-queue, host: x/y}}'", 'sink.host is "x/y"'),
    ("dependency a:b:c:d '{expiry_time: 1.5}'", "expiry_time is 1.5"),
    ("resource a:b '{unit: 1}'", "unit is 1: should be a valid string."),
    ("request a:b '{resource: 1}'", "resource is 1"),
    ("allocation a:b '{quantity: x}'", 'quantity is "x"'),
    ("/eb/eb-a '{status: 1}'", "status is 1: should be a valid string."),
    ("/pb/pb-a/state '{status: 1}'", "status is 1: should be a valid string."),
    ("/pb/pb-a/owner '{pid: me}'", 'pid is "me": should be a valid integer'),
    ("/pb/pb-a '{}'", "a processing block is created to run a script"),
    ("pb batch:a:1 '[]'", "The parameters were rejected, nothing was changed"),
    ("pb batch:a:1 --eb=1", "The parameters of the execution block were rejected"),
    ("pb batch:a:1 --eb='{fields: {}}'", "fields is {}: should be a valid array."),
    ("pb batch:a:1 --eb='{eb_id: eb-a}'", "eb_id is 'eb-a', but its path has 'eb-sdpcli-"),
    ("eb eb-a '{}'", "/eb/eb-a exists already: use 'ska-sdp update' to change it."),
]
"""Arguments of create, and a part of the message; the exit code is 1."""

REJECTED: dict[str, list[tuple[str, int, str]]] = {
    "delete": [
        ("pb pb-none", 3, "There is nothing at /pb/pb-none to delete: try 'ska-sdp list pb'."),
        ("/none", 3, "try 'ska-sdp list -a'."),
        (
            "",
            2,
            "expected one of pb, script, eb, deployment, flow, dependency, resource, request,",
        ),
        ("-a", 2, "Missing object"),
        ("-a prefix", 2, "Missing options: use -a and --prefix=PATH."),
        ("prefix --prefix=/t", 2, "Missing options: use -a and --prefix=PATH."),
        ("-a --prefix=/ prefix", 2, "Missing options: use -a and --prefix=PATH."),
        (
            "script batch-old",
            2,
            "is not KIND:NAME:VERSION: 'ska-sdp delete /script/batch-old' deletes a key.",
        ),
        ("script a:b:c:d", 2, "'a:b:c:d' is not KIND:NAME:VERSION"),
        ("script batch::1", 2, "'batch::1' is not KIND:NAME:VERSION"),
        ("script --prefix=/t batch-old", 2, "'ska-sdp delete /t/script/batch-old' deletes a key"),
        ("pb", 2, "name one, or use -a for all."),
        ("pb pb-a -a", 2, "name one, or use -a for all."),
        ("controller", 2, "Unknown object 'controller'"),
        ("system", 2, "only by its key: 'ska-sdp delete /system'."),
        ("-a system", 2, "only by its key: 'ska-sdp delete /system'."),
        ("pb pb-a/state", 2, "'pb-a/state' is no id"),
        ("/pb/pb-a -a", 2, "use 'delete -a --prefix=/pb/pb-a prefix'."),
    ],
    "end": [
        ("eb eb-done", 1, "The execution block eb-done is CANCELLED already: 'ska-sdp get"),
        (
            "eb eb-none",
            3,
            "There is no execution block at /eb/eb-none: did you mean 'eb-done'? Otherwise try",
        ),
        ("eb eb-text", 1, "is not JSON: correct it with 'ska-sdp edit --force /eb/eb-text'."),
        (
            "eb eb-odd",
            1,
            "value of /eb/eb-odd/state is not JSON: correct it with 'ska-sdp edit --force /eb",
        ),
        ("eb eb-list", 1, "is not a mapping: correct it with 'ska-sdp edit /eb/eb-list'."),
        ("eb", 2, "Missing argument 'ID'"),
        ("pb pb-a", 2, "'end' ends only execution blocks"),
        ("", 2, "Missing object"),
    ],
    "describe": [
        ("pb pb-none", 3, "There is nothing at /pb/pb-none to describe: try 'ska-sdp list pb'."),
        ("eb", 2, "Missing argument 'ID'"),
        ("flow a:b:c", 2, "Unknown object 'flow': expected one of pb, eb, subarray, res"),
        ("pb a/b", 2, "'a/b' is no id"),
    ],
    "update": [
        ("eb eb-nil {}", 3, "There is nothing at /eb/eb-nil: try 'ska-sdp list eb'."),
        ("controller {} --prefix=/t", 3, "There is nothing at /t/lmc/controller"),
        (
            "system {} --prefix=/u",
            3,
            "There is nothing at /u/system: try 'ska-sdp import system'.",
        ),
        ("/none 1", 3, "try 'ska-sdp list -a'."),
        ("eb eb-a '{status: []}'", 1, "status is []: should be a valid string."),
        ("pb-state pb-b '{status: 1}'", 1, "status is 1: should be a valid string."),
        ("pb-state pb-b RUNNING", 1, "it is a text, not a mapping of fields."),
        ("eb-state eb-a '{status: 1}'", 1, "status is 1: should be a valid string."),
        ("flow-state a/b {}", 2, "'a/b' is no id"),
        ("subarray 01 '{resources: 1}'", 1, "resources is 1: should be an object."),
        ("/pb/pb-a {}", 1, "try 'pb-state pb-a', or --force."),
        ("/lmc/controller 1", 1, "it is a number, not a mapping of fields."),
        ("pb pb-none {}", 3, "There is nothing at /pb/pb-none"),
        ("eb eb-a {} --force", 2, "No such option"),
        ("eb eb/a {}", 2, "'eb/a' is no id"),
        ("controller", 2, "Missing argument 'VALUE'. Try 'ska-sdp update controller -h'."),
        ("--edit eb eb-a {}", 2, "Both a value and --edit: leave one of them out."),
        ("/x 1 --edit --force", 2, "Both a value and --edit: leave one of them out."),
    ],
    "get": [
        ("/pb/none", 3, "There is nothing at /pb/none: try 'ska-sdp list -a'."),
        ("system --prefix=/u", 3, "There is nothing at /u/system: try 'ska-sdp import system'."),
        ("flow none", 3, "There are no data flows of 'none': try 'ska-sdp list flow'."),
        ("flow pb-a:k:none", 3, "There is nothing at /flow/pb-a:k:none: try 'ska-sdp list flow'."),
        ("pb none", 3, "There is nothing at /pb/none: try 'ska-sdp list pb'."),
        ("--prefix=/u pb pb-a", 3, "There is nothing at /u/pb/pb-a"),
        ("--prefix=/u controller", 3, "try 'ska-sdp list controller'"),
    ],
}
"""Arguments, exit code and a part of the message, by verb."""

CASES = [
    *((f"create {line}", 1, complaint) for line, complaint in INVALID),
    *((f"{verb} {line}", *rest) for verb, rows in REJECTED.items() for line, *rest in rows),
]


@pytest.mark.parametrize(("line", "code", "complaint"), CASES)
def test_rejected_command_changes_nothing(
    database: Config, ska_sdp: Run, line: str, code: int, complaint: str
) -> None:
    fill(database, STORED | STORED_EXTRA)
    before = contents(database)
    assert_rejected(ska_sdp(*shlex.split(line)), code, complaint)
    assert contents(database) == before


USAGE_ERRORS: dict[str, list[tuple[str, str]]] = {
    "create": [
        (
            "",
            "expected one of pb, script, deployment, eb, flow, dependency, resource, request,",
        ),
        ("subarray 01 {}", "Unknown object 'subarray'"),
        ("system {}", "only one system entry: create it with 'ska-sdp import system'. Try"),
        ("eb eb_a {}", "'eb_a' cannot be the id of a block"),
        ("eb eb-a", "Missing argument 'VALUE'"),
        ("eb eb-a {} --force", "No such option"),
        ("script batch:a {}", "expected KIND:NAME:VERSION"),
        ("script fast:a:1 {}", "'fast' is no kind of script"),
        ("pb a:b", "expected KIND:NAME:VERSION"),
        ("deployment a_b helm {}", "'a_b' cannot be the id of a deployment"),
        ("deployment d tar {}", "'tar' is not 'helm'"),
        ("flow a:b {}", "expected PB:KIND:NAME"),
        ("request a {}", "expected PB:NAME"),
        ("allocation a:b:c {}", "expected PB:NAME"),
        ("/x/ {}", "ends with '/'"),
        ("/eb/eb_a {}", "'eb_a' cannot be the id of a block"),
        ("/eb/eb_a {}", "Use --force to skip validation."),
        ("/t/deploy/a_b {} --prefix=/t", "'a_b' cannot be the id of a deployment"),
        ("/script/batch:a {}", "expected KIND:NAME:VERSION"),
        ("/flow/a:b {}", "expected PB:KIND:NAME"),
        ("/x" * 17 + " {} --force", "has 17 slashes: no list shows a key of more than 16."),
    ],
    "get": [
        ("/pb/", "Path '/pb/' ends with '/'"),
        ("pb", "Missing argument 'ID'. Try 'ska-sdp get pb -h'."),
        ("", "expected one of pb, script"),
        ("x", "or a key, which begins with '/'. Try 'ska-sdp get -h'."),
        ("pb-a", "Unknown object 'pb-a': did you mean 'ska-sdp get pb pb-a'? Try"),
        ("pb ../eb/x", "'../eb/x' is no id"),
        ("pb pb-a pb-b", "unexpected extra argument (pb-b)"),
        ("-v pb pb-a", "No such option"),
        (f"{LONG} pb", "Unknown object 'xxx"),
        (f"pb pb-a {LONG}", "unexpected extra argument (xxx"),
        (f"pb {LONG}=1", "Missing argument 'ID' before 'xxx"),
        (f"pb --{LONG}", "No such option"),
    ],
    "list": [
        ("", "Missing object: name one, or use -a"),
        (f"-a --port {'9' * 5_000}", "Invalid port '999"),
        ("--prefix=/t", "Missing object: name one, or use -a"),
        ("pb 2021-01-02", "Invalid date '2021-01-02': expected YYYYMMDD, e.g. 20260101."),
        ("pb 20211301", "Invalid date '20211301'"),
        ("pb 2021111", "Invalid date '2021111'"),
        (f"pb {LONG}", "Invalid date 'xxx"),
        ("script fast", "'fast' is not one of 'batch', 'realtime'"),
        ("eb eb-a", "unexpected extra argument (eb-a)"),
        ("flow a/b", "'a/b' is no id"),
        ("system", "There is only one system entry: print it with 'ska-sdp get system'. Try"),
        ("nonsense", "Unknown object 'nonsense': expected one of pb, script,"),
        ("--prefix=t pb", "The prefix 't' does not begin with '/'."),
        ("-o xml pb", "'xml' is not one of 'table', 'json', 'yaml', 'name'"),
        ("pb --prefix", "Option '--prefix' requires an argument"),
        ("--sync pb", "No such option"),
    ],
    "import": [
        ("system", "Missing argument 'FILE-OR-URL'"),
        ("system --sync x", "No such option"),
    ],
    "wait": [
        ("pb pb-a", "Missing argument 'FIELD=VALUE'"),
        (
            "pb pb-a status",
            "Invalid condition 'status': expected FIELD=VALUE, e.g. status=FINISHED.",
        ),
        ("pb pb-a =x", "Invalid condition '=x'"),
        ("pb status=RUNNING", "Missing argument 'ID' before 'status=RUNNING'."),
        ("pb pb-a status RUNNING", "Invalid condition 'status RUNNING': expected FIELD=VALUE"),
        (f"pb pb-a {LONG}", "Invalid condition 'xxx"),
        (f"pb pb-a {LONG}=x {LONG}", "Unexpected 'xxx"),
        (f"pb pb-a {LONG} = x", "Invalid condition 'xxx"),
    ],
    "history": [
        (f"/k --since {'9' * 5_000}d", "Invalid duration '999"),
        ("/k --since 999999999d", "at most 36500d"),
    ],
    "watch": [
        ("/k --timeout 0", "more than 0"),
        ("/k --timeout nan", "more than 0"),
        ("/k --timeout soon", "Invalid timeout 'soon': expected seconds, more than 0, e.g. 10."),
        ("--timeout 1 ", "expected one of pb"),
        ("/k/", "ends with '/'"),
    ],
    "": [
        ("", "Missing command: expected one of list, get, watch, describe, "),
        ("nonsense", "Unknown command 'nonsense'"),
        (LONG, "Unknown command 'xxx"),
        ("-q", "No such option"),
        ("import", "Missing object: expected one of scripts, system."),
        ("import scripts", "Missing argument 'FILE-OR-URL'"),
        ("import flows x", "Unknown object 'flows'"),
    ],
}
"""Arguments and a part of the message, by verb."""


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (f"{verb} {line}", complaint)
        for verb, rows in USAGE_ERRORS.items()
        for line, complaint in rows
    ],
)
def test_invalid_usage_is_rejected(ska_sdp: Run, line: str, complaint: str) -> None:
    result = ska_sdp(*line.split())
    assert_rejected(result, 2, complaint)
    assert "Try 'ska-sdp" in result.err
    assert len(result.err) < 1_000
