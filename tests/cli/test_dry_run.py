"""``--dry-run`` of every command that changes the database, in real processes on etcd."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.program import VERBS, program
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import CALL

from .conftest import Run, fill, run_here
from .samples import STORED

FLOW = "/flow/pb-a:data-queue:vis"
SCRIPT = "/script/batch:test:0.0.0"
OLD = "2020-01-01 00:00:00"

ALSO: dict[str, Any] = {
    "/eb/eb-linked": {"status": "ACTIVE"},
    "/eb/eb-linked/state": {"status": "ACTIVE"},
    "/lmc/subarray/02": {"eb_id": "eb-linked"},
    "/pb/pb-b/owner": {"pid": 1, "hostname": "h", "command": []},
    "/eb/eb-old": {"status": "FINISHED", "last_updated": OLD, "pb_batch": ["pb-old"]},
    "/pb/pb-old": {"eb_id": "eb-old"},
    "/pb/pb-old/state": {"status": "FINISHED"},
    # The server checks the size of large values.
    "/large": "1" * 2**17,
}

LARGE = json.dumps("2" * 2**17)
SCRIPTS = json.dumps({"scripts": [{"kind": "batch", "name": "new", "version": "1", "image": "i"}]})

USES: list[tuple[str, str, list[str]]] = [
    ("create /new '{a: 1}'", "", ["create /new"]),
    ("create --force /new nothing", "", ["create /new"]),
    ("create script batch:new:1 '{image: i}'", "", ["create /script/batch:new:1"]),
    ("create eb eb-new '{}'", "", ["create /eb/eb-new"]),
    ("create deployment dpl-new helm '{chart: c}'", "", ["create /deploy/dpl-new"]),
    ("create pb batch:test:0.0.0", "", ["create /pb/pb-sdpcli-"]),
    (
        "create pb batch:test:0.0.0 '{}' --eb '{}'",
        "",
        ["create /pb/pb-sdpcli-", "create /eb/eb-sdpcli-"],
    ),
    ("create flow pb-a:data-queue:new '{}'", "", ["create /flow/pb-a:data-queue:new"]),
    ("create dependency pb-a:k:vis:new '{}'", "", ["create /dependency/pb-a:k:vis:new"]),
    ("create resource new '{}'", "", ["create /resource/new"]),
    ("create request pb-a:new '{}'", "", ["create /request/pb-a:new"]),
    ("create allocation pb-a:new '{}'", "", ["create /allocation/pb-a:new"]),
    ("update /x '{}'", "", ["update /x"]),
    ("update --force /x nothing", "", ["update /x"]),
    ("update /large -", LARGE, ["update /large"]),
    ("update eb eb-linked '{}'", "", ["update /eb/eb-linked", "update /eb/eb-linked/state"]),
    ("update pb-state pb-a '{}'", "", ["create /pb/pb-a/state"]),
    ("update pb-state pb-b '{}'", "", ["update /pb/pb-b/state"]),
    ("update subarray 01 '{a: 1}'", "", ["update /lmc/subarray/01"]),
    ("update controller '{a: 1}'", "", ["update /lmc/controller"]),
    ("update system '{}'", "", ["update /system"]),
    ("update --edit /x", "", ["update /x"]),
    ("edit eb eb-a", "", ["update /eb/eb-a"]),
    ("edit pb-state pb-a", "", ["create /pb/pb-a/state"]),
    ("edit --force /x", "", ["update /x"]),
    ("delete pb pb-b", "", ["delete /pb/pb-b", "delete /pb/pb-b/state", "delete /pb/pb-b/owner"]),
    ("delete eb eb-a", "", ["delete /eb/eb-a"]),
    ("delete /x", "", ["delete /x"]),
    ("delete -a script", "", [f"delete {SCRIPT}"]),
    ("delete -a flow", "", [f"delete {FLOW}"]),
    ("delete -a -y resource", "", ["delete /resource/storage:buffer"]),
    ("delete -a --prefix=/deploy prefix", "", ["delete /deploy/dpl-a"]),
    ("end eb eb-a", "", ["finish /eb/eb-a", "finish /eb/eb-a/state"]),
    ("end eb eb-linked -c", "", ["cancel /eb/eb-linked", "cancel /eb/eb-linked/state"]),
    ("import scripts -", SCRIPTS, ["create /script/batch:new:1"]),
    ("import scripts --sync -", SCRIPTS, ["create /script/batch:new:1", f"delete {SCRIPT}"]),
    ("import system -", "{}", ["update /system"]),
    ("load -", "values: {/x: {}, /new: 1}", ["create /new", "update /x"]),
    ("load -", f"values: {{/large: {LARGE}}}", ["update /large"]),
    ("load --sync -", "values: {/x: 1}", ["update /x", "delete /eb/eb-a"]),
    (
        "prune --older-than 1d",
        "",
        ["delete /pb/pb-old", "delete /pb/pb-old/state", "delete /eb/eb-old"],
    ),
]
"""Command line, standard input, and some of the lines that it prints."""


def dump(config: Config) -> tuple[int, Any]:
    """Return the revision, and all keys with values, revisions and leases."""
    reply = config.backend.store.read([Query(EVERYTHING)], timeout=CALL)
    return reply.revision, reply.found


@pytest.mark.parametrize(("line", "stdin", "expected"), USES, ids=[use[0] for use in USES])
def test_dry_run_prints_the_changes_and_writes_nothing(
    database: Config, etcd: Etcd, line_editor: str, line: str, stdin: str, expected: list[str]
) -> None:
    fill(database, STORED | ALSO)
    before = dump(database)
    env = {"VISUAL": line_editor}
    result = run_here(etcd, [*shlex.split(line), "--dry-run"], env, stdin)
    assert result.code == 0
    assert "Type yes" not in result.err
    for begin in expected:
        assert any(each.startswith(begin) for each in result.lines), begin
    assert dump(database) == before
    # Without the option it does what it has printed.
    done = run_here(etcd, shlex.split(line), env, stdin or "yes\n")
    assert done.code == 0
    assert dump(database) != before


READING = {
    "list", "get", "watch", "describe", "wait", "dump", "doctor", "completion", "help", "status",
    "top", "history", "record", "replay",
}  # fmt: skip
"""Commands that change nothing in the database."""


def changing() -> list[tuple[str, click.Command]]:
    """Return each command that changes the database, with its words."""
    found: list[tuple[str, click.Command]] = []
    ctx = click.Context(program)
    for verb in VERBS.keys() - READING:
        command = program.get_command(ctx, verb)
        assert command is not None
        members = getattr(command, "commands", {})
        key_command = getattr(command, "_key_command", None)
        found += [(f"{verb} {name}", each) for name, each in members.items()]
        found += [(f"{verb} KEY", key_command)] if key_command else []
        found += [] if members else [(verb, command)]
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize("words", [words for words, _ in changing()])
def test_every_changing_command_has_the_option(words: str) -> None:
    names = [name for param in dict(changing())[words].params for name in param.opts]
    assert "--dry-run" in names


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - READING))
def test_every_changing_verb_is_tested(verb: str) -> None:
    assert any(line.split()[0] == verb for line, _, _ in USES)


def test_dry_run_of_new_blocks_prints_the_state_of_the_execution_block(
    database: Config, ska_sdp: Run
) -> None:
    result = ska_sdp("create", "pb", "batch:test:0.0.0", "--eb", "{}", "--dry-run")
    created = [line for line in result.lines if line.startswith("create /eb/")]
    assert [line.endswith("/state") for line in created] == [False, True]


def test_dry_run_names_the_users_and_asks_nothing(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED | ALSO)
    result = ska_sdp("end", "eb", "eb-linked", "--dry-run")
    assert result.err == ("ska-sdp: Warning, in use: /eb/eb-linked is linked by subarray 02.\n")


def test_dry_run_prints_the_differences_of_values(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/x": {"a": 1}})
    assert ska_sdp("update", "/x", "{a: 2}", "--dry-run", "-o", "json").document == {
        "update": {"/x": {"before": {"a": 1}, "after": {"a": 2}}},
        "unchanged": 0,
    }
    assert ska_sdp("update", "/x", "{a: 1}", "--dry-run", "-o", "json").document == {
        "unchanged": 1
    }


REJECTED = [
    ("create /x 1", 1, "/x exists already"),
    ("update /none 1", 3, "There is nothing at /none"),
    ("update pb-state pb-b '{status: X}'", 1, "unknown status 'X'"),
    ("delete pb pb-none", 3, "There is nothing at /pb/pb-none"),
    ("end eb eb-old", 1, "is FINISHED already"),
]


@pytest.mark.parametrize(("line", "code", "complaint"), REJECTED, ids=[e[0] for e in REJECTED])
def test_dry_run_is_rejected_as_the_change_would_be(
    database: Config, ska_sdp: Run, line: str, code: int, complaint: str, tmp_path: Path
) -> None:
    fill(database, STORED | ALSO)
    result = ska_sdp(*shlex.split(line), "--dry-run")
    assert (result.code, complaint in result.err) == (code, True)


def test_dry_run_keeps_no_file_of_an_edit(
    database: Config, ska_sdp: Run, line_editor: str, tmp_path: Path
) -> None:
    fill(database, STORED)
    env = {"VISUAL": line_editor, "TMPDIR": str(tmp_path / "edits")}
    (tmp_path / "edits").mkdir()
    assert ska_sdp("edit", "eb", "eb-a", "--dry-run", env=env).code == 0
    assert list((tmp_path / "edits").iterdir()) == []
