"""Invalid usage of each command: an error of one line, and exit code 2."""

from __future__ import annotations

import pytest

from .conftest import Run, assert_rejected

INVALID: dict[str, list[tuple[str, str]]] = {
    "create": [
        ("", "expected one of pb, script, deployment, eb, flow, dependency, or a key"),
        ("subarray 01 {}", "Unknown object 'subarray'"),
        ("eb eb_a {}", "'eb_a' cannot be the id of a block"),
        ("eb eb-a", "Missing argument 'VALUE'"),
        ("eb eb-a {} --force", "No such option"),
        ("script batch:a {}", "write kind:name:version"),
        ("script fast:a:1 {}", "'fast' is no kind of script"),
        ("pb a:b", "write kind:name:version"),
        ("deployment a_b helm {}", "'a_b' cannot be the id of a deployment"),
        ("deployment d tar {}", "'tar' is not 'helm'"),
        ("flow a:b {}", "write pb_id:kind:name"),
        ("/x/ {}", "ends with '/'"),
        ("/eb/eb_a {}", "'eb_a' cannot be the id of a block"),
        ("/eb/eb_a {}", "Use --force to skip validation."),
        ("/t/deploy/a_b {} --prefix=/t", "'a_b' cannot be the id of a deployment"),
        ("/script/batch:a {}", "write kind:name:version"),
        ("/flow/a:b {}", "write pb_id:kind:name"),
        ("/x" * 17 + " {} --force", "has 17 slashes: no list shows a key of more than 16."),
    ],
    "get": [
        ("/pb/", "Path '/pb/' ends with '/'"),
        ("pb", "Missing argument 'ID'. Try 'ska-sdp get pb -h'."),
        ("", "expected one of pb, script"),
        ("pb-a", "or a key, which begins with '/'. Try 'ska-sdp get -h'."),
        ("pb ../eb/x", "'../eb/x' is no id"),
        ("pb pb-a pb-b", "unexpected extra argument (pb-b)"),
        ("-v pb pb-a", "No such option"),
    ],
    "list": [
        ("", "Missing object: name one, or use -a"),
        ("--prefix=/t", "Missing object: name one, or use -a"),
        ("pb 2021-01-02", "Invalid date '2021-01-02': expected YYYYMMDD."),
        ("pb 20211301", "Invalid date '20211301'"),
        ("pb 2021111", "Invalid date '2021111'"),
        ("script fast", "'fast' is not one of 'batch', 'realtime'"),
        ("eb eb-a", "unexpected extra argument (eb-a)"),
        ("nonsense", "Unknown object 'nonsense': expected one of pb, script,"),
        ("--prefix=t pb", "The prefix 't' does not begin with '/'."),
        ("-o xml pb", "'xml' is not one of 'table', 'json', 'yaml', 'name'"),
        ("pb --prefix", "Option '--prefix' requires an argument"),
        ("--sync pb", "No such option"),
    ],
    "wait": [
        ("pb pb-a", "Missing argument 'FIELD=VALUE'"),
        ("pb pb-a status", "Invalid condition 'status': expected FIELD=VALUE."),
        ("pb pb-a =x", "Invalid condition '=x'"),
        ("pb status=RUNNING", "Missing argument 'FIELD=VALUE'"),
    ],
    "watch": [
        ("/k --timeout 0", "more than 0"),
        ("/k --timeout nan", "more than 0"),
        ("/k --timeout soon", "'soon' is not a valid float"),
        ("--timeout 1 ", "expected one of pb"),
        ("/k/", "ends with '/'"),
    ],
    "": [
        ("", "Missing command: expected one of list, get, watch, describe, "),
        ("nonsense", "Unknown command 'nonsense'"),
        ("-q", "No such option"),
        ("import", "Missing object: expected one of scripts."),
        ("import scripts", "Missing argument 'FILE-OR-URL'"),
        ("import flows x", "Unknown object 'flows'"),
    ],
}
"""Arguments and a part of the message, by verb."""


@pytest.mark.parametrize(
    ("line", "complaint"),
    [(f"{verb} {line}", complaint) for verb, rows in INVALID.items() for line, complaint in rows],
)
def test_invalid_usage_is_rejected(parse: Run, line: str, complaint: str) -> None:
    result = parse(*line.split())
    assert_rejected(result, 2, complaint)
    assert "Try 'ska-sdp" in result.err
