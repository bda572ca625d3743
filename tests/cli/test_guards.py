"""Changes to what is in use: the question on a terminal, the warning elsewhere, on etcd."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli import in_use
from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.in_use import users_of_all, users_of_delete
from ska_sdp_config.lmc.deployment_ids import script_deployment_id
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import Run, contents, fill
from .pseudo_terminal import run_here_in_terminal, run_in_terminal
from .users import BY_LINK, BY_OWNER, OWNER, PROCESS, STORED

USES: list[tuple[str, str]] = [
    ("delete pb pb-owned", BY_OWNER),
    ("delete /pb/pb-owned", BY_OWNER),
    ("delete /pb/pb-owned/state", BY_OWNER),
    ("delete pb pb-active", "/pb/pb-active belongs to eb-active, which is ACTIVE"),
    (
        "delete pb pb-listed",
        "/pb/pb-listed belongs to eb-linked, which is linked by subarray 01",
    ),
    ("delete pb pb-free", ""),
    ("delete eb eb-linked", f"{BY_LINK}; /eb/eb-linked is ACTIVE"),
    ("delete eb eb-active", "/eb/eb-active is ACTIVE"),
    ("delete eb eb-old", "/eb/eb-old is ACTIVE"),
    ("delete eb eb-ended", f"/eb/eb-ended has pb-owned, which is {PROCESS}"),
    ("delete eb eb-free", ""),
    (
        "delete deployment proc-pb-owned-receive",
        f"/deploy/proc-pb-owned-receive belongs to pb-owned, which is {PROCESS}",
    ),
    (
        "delete deployment proc-pb-active",
        "/deploy/proc-pb-active belongs to pb-active, which belongs to eb-active, which is ACTIVE",
    ),
    ("delete deployment proc-pb-free-x", ""),
    ("delete deployment proc-pb-owned-b-receive", ""),
    ("delete deployment own", f"/deploy/own is {PROCESS}"),
    ("delete flow pb-owned:data-queue:vis", ""),
    ("end eb eb-linked", BY_LINK),
    ("end eb eb-linked -c", BY_LINK),
    ("end eb eb-active", ""),
    ("update eb eb-linked {}", BY_LINK),
    ("update /eb/eb-linked {}", BY_LINK),
    ("update eb-state eb-linked {}", BY_LINK),
    ("update eb eb-active {}", ""),
    ("update pb-state pb-owned {}", BY_OWNER),
    ("update /pb/pb-owned/state {}", BY_OWNER),
    ("update pb-state pb-free {}", ""),
    ('update deployment own {"args":{}}', ""),
]


@pytest.mark.parametrize(("line", "user"), USES, ids=[line for line, _ in USES])
def test_change_without_terminal_is_made_with_a_warning(
    database: Config, ska_sdp: Run, line: str, user: str
) -> None:
    fill(database, STORED)
    before = contents(database)
    result = ska_sdp(*line.split())
    assert result.code == 0
    assert result.err == (f"ska-sdp: Warning, in use: {user}.\n" if user else "")
    assert contents(database) != before


ASKED = [
    ("delete pb pb-owned", f"Delete /pb/pb-owned? In use: {BY_OWNER}. Type yes: "),
    ("end eb eb-linked", f"Finish /eb/eb-linked? In use: {BY_LINK}. Type yes: "),
    ("end eb -c eb-linked", f"Cancel /eb/eb-linked? In use: {BY_LINK}. Type yes: "),
    ("update eb eb-linked {}", f"Change /eb/eb-linked? In use: {BY_LINK}. Type yes: "),
    ("edit eb eb-linked", f"Change /eb/eb-linked? In use: {BY_LINK}. Type yes: "),
    ("edit pb-state pb-owned", f"Change /pb/pb-owned/state? In use: {BY_OWNER}. Type yes: "),
]


@pytest.mark.parametrize(("line", "question"), ASKED, ids=[line for line, _ in ASKED])
@pytest.mark.parametrize("answer", ["yes\n", "no\n", "\x04"])
def test_change_on_a_terminal_needs_a_yes(
    database: Config, etcd: Etcd, line_editor: str, line: str, question: str, answer: str
) -> None:
    fill(database, STORED)
    before = contents(database)
    env = {"EDITOR": line_editor, "VISUAL": ""}
    code, shown = run_here_in_terminal(etcd, line.split(), env, typed=answer)
    assert question.strip() in " ".join(shown.split())
    # No word is broken at the edge of the terminal, which has 60 columns.
    assert max(map(len, shown.partition(" Type yes")[0].splitlines())) <= 60
    assert code == (0 if answer == "yes\n" else 1)
    assert (contents(database) == before) == (code == 1)
    if code:
        done = "deleted" if "delete" in line else "changed"
        assert f"ska-sdp: Nothing was {done}: type yes to confirm, or use -y." in shown


@pytest.mark.parametrize("option", ["-y", "--yes"])
def test_yes_answers_the_question(database: Config, etcd: Etcd, option: str) -> None:
    fill(database, STORED)
    code, shown = run_in_terminal(etcd, ["delete", "pb", "pb-owned", option])
    assert code == 0
    assert "Type yes" not in shown
    assert f"Warning, in use: {BY_OWNER}." in shown
    assert "/pb/pb-owned" not in contents(database)


def test_what_is_not_in_use_needs_no_yes(database: Config, etcd: Etcd) -> None:
    fill(database, STORED)
    code, shown = run_in_terminal(etcd, ["delete", "pb", "pb-free"])
    assert (code, "Type yes" in shown) == (0, False)


@pytest.mark.parametrize("pb_id", ["pb_a", "pb.a", "pb-" + "x" * 93], ids=["_", ".", "long"])
@pytest.mark.parametrize("which", ["one", "all"])
def test_delete_of_a_deployment_names_a_block_whose_id_it_does_not_have_whole(
    database: Config, ska_sdp: Run, pb_id: str, which: str
) -> None:
    """It has other characters, or is longer."""
    name = script_deployment_id(pb_id)
    fill(database, {f"/pb/{pb_id}": {}, f"/pb/{pb_id}/owner": OWNER, f"/deploy/{name}": {}})
    result = ska_sdp("delete", "-y", "deployment", *([name] if which == "one" else ["-a"]))
    assert f"/deploy/{name} belongs to {pb_id}, which is {PROCESS}" in result.err


def test_quiet_prints_no_warning(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    assert ska_sdp("delete", "-q", "pb", "pb-owned") == (0, "", "")


BULK = [
    ("delete -a pb", "all processing blocks: 8 keys below /pb", ["pb-active", "pb-owned is"]),
    ("delete -a eb", "all execution blocks: 5 keys below /eb", ["eb-linked is linked", "eb-old"]),
    (
        "delete -a deployment",
        "all deployments: 6 keys below /deploy",
        ["own is owned", "proc-pb-active belongs"],
    ),
    (
        "delete -a --prefix=/pb prefix",
        "everything below the prefix: 8 keys below /pb",
        ["pb-owned is owned"],
    ),
]


@pytest.mark.parametrize(("line", "about", "users"), BULK, ids=[each[0] for each in BULK])
@pytest.mark.parametrize("answer", ["yes\n", "no\n"])
def test_bulk_delete_asks_once_and_names_the_users(
    database: Config, ska_sdp: Run, line: str, about: str, users: list[str], answer: str
) -> None:
    fill(database, STORED)
    before = contents(database)
    result = ska_sdp(*line.split(), stdin=answer)
    assert result.err.count("Type yes: ") == 1
    assert result.err.startswith(f"Delete {about}? In use: ")
    for user in users:
        assert user in result.err
    assert "free" not in result.err
    assert (contents(database) == before) == (result.code == 1) == (answer == "no\n")


def test_bulk_delete_bounds_the_list_of_users(database: Config, ska_sdp: Run) -> None:
    fill(database, {f"/pb/pb-{number:02}/owner": OWNER for number in range(30)})
    result = ska_sdp("delete", "-a", "pb", stdin="no\n")
    assert result.err.count("is owned by") == 10
    assert "; 20 more. Type yes: " in result.err


def test_bulk_delete_of_a_prefixed_system_names_its_users(database: Config, ska_sdp: Run) -> None:
    fill(database, {f"/t{path}": value for path, value in STORED.items()})
    result = ska_sdp("delete", "-ay", "--prefix=/t", "prefix")
    assert f"/t{BY_OWNER}" in result.err
    assert contents(database) == {}


PREFIXED = [
    "delete -ay --prefix=/t/pb prefix",
    "delete -ay --prefix=/t/pb/pb-owned prefix",
    "delete /t/pb/pb-owned",
    "delete /t/pb/pb-owned/state",
    "--prefix=/t delete pb pb-owned",
    "update --force /t/pb/pb-owned/state {}",
]


@pytest.mark.parametrize("line", PREFIXED)
def test_users_are_named_for_each_way_to_give_a_prefix(
    database: Config, ska_sdp: Run, line: str
) -> None:
    fill(database, {f"/t{path}": value for path, value in STORED.items()})
    result = ska_sdp(*line.split())
    assert result.code == 0
    assert f"/t{BY_OWNER}" in result.err


class Typist:
    """Standard input that changes the database before each of its answers."""

    def __init__(self, config: Config, *changes: dict[str, Any]) -> None:
        self._config = config
        self._changes = list(changes)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        if self._changes:
            fill(self._config, self._changes.pop(0))
        return "yes\n"


NEW_OWNERS = [
    ({"/pb/pb-free/owner": OWNER}, True),
    ({"/pb/pb-other/owner": OWNER}, False),
]


@pytest.mark.parametrize(("change", "asks_again"), NEW_OWNERS, ids=["this one", "another"])
def test_use_that_begins_after_the_question_is_asked_again(
    database: Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, Any],
    asks_again: bool,
) -> None:
    fill(database, STORED | {"/eb/eb-active/owner": OWNER})
    for txn in database.txn():
        txn.update("/pb/pb-free", '{"eb_id": "eb-active"}')
    monkeypatch.setattr("sys.stdin", Typist(database, change))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    confirmation = Confirmation(yes=False)

    def delete(_: Any, txn: Any) -> None:
        confirmation.check("Delete?", lambda: users_of_delete(txn, "/pb/pb-free"))
        txn.delete("/pb/pb-free")

    confirmation.run(lambda ctrl_c: Shared(database), delete)
    asked = capsys.readouterr().err.split("Type yes: ")[:-1]
    assert len(asked) == 1 + asks_again
    if asks_again:
        assert asked[1].startswith("The users have changed since. Delete? In use: ")
        assert f"/pb/pb-free is {PROCESS}" in " ".join(asked[1].split())


class Shared:
    """Context manager of a database that stays open."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __enter__(self) -> Any:
        return self._config.backend

    def __exit__(self, *_: object) -> None:
        pass


def test_yes_to_a_bulk_question_is_final(
    database: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(database, STORED)
    monkeypatch.setattr("sys.stdin", Typist(database, {"/pb/pb-free/owner": OWNER}))
    confirmation = Confirmation(yes=False, always=True)

    def delete(_: Any, txn: Any) -> None:
        confirmation.check("Delete?", lambda: users_of_all(txn, "/pb"))
        txn.delete_prefix("/pb/", recursive=True)

    confirmation.run(lambda ctrl_c: Shared(database), delete)
    assert capsys.readouterr().err.count("Type yes: ") == 1
    assert not any(path.startswith("/pb/") for path in contents(database))


@pytest.mark.parametrize("always", [False, True])
def test_users_that_nobody_reads_are_not_searched(database: Config, always: bool) -> None:
    confirmation = Confirmation(yes=True, quiet=True, always=always)
    searched: list[str] = []

    def find_users() -> list[str]:
        searched.append("users")
        return []

    confirmation.run(
        lambda ctrl_c: Shared(database), lambda _, txn: confirmation.check("Delete?", find_users)
    )
    assert searched == []


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("yes", [False, True])
def test_ctrl_c_while_users_are_read_stops_the_change(
    database: Config, etcd: Etcd, monkeypatch: pytest.MonkeyPatch, yes: bool, always: bool
) -> None:
    fill(database, STORED)
    before = contents(database)

    def interrupted(_: Any, key: str) -> Iterator[str]:
        if key == "eb-active":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # the thread that handles Ctrl-C runs
        yield f"has the name {key}"

    monkeypatch.setattr(in_use._Users, "_of_eb", interrupted)
    line = ["delete", *(["-a", "eb"] if always else ["eb", "eb-active"]), *["-y"] * yes]
    code, shown = run_here_in_terminal(etcd, line, typed="yes\n")
    assert code == 1
    assert "Type yes" not in shown
    assert "too late" not in shown
    assert contents(database) == before


def test_rejected_question_raises(database: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(database, STORED)
    monkeypatch.setattr("sys.stdin.readline", lambda: "", raising=False)
    confirmation = Confirmation(yes=False, always=True)
    with pytest.raises(Failed, match="type yes to confirm"):
        confirmation.run(
            lambda ctrl_c: Shared(database), lambda _, txn: confirmation.check("Delete?", list)
        )
