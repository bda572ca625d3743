"""`ska-sdp delete` and `ska-sdp end`, on etcd."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.interface import Put
from tests.support.waiting import CALL

from .conftest import Run, contents, fill, run_here

STORED: dict[str, Any] = {
    "/allocation/pb-a:data": {},
    "/deploy/dpl-a": {},
    "/deploy/dpl-a/state": {},
    "/dependency/pb-a:k:vis:o": {},
    "/eb/eb-a": {"test": True, "status": "FINISHED"},
    "/eb/eb-a/state": {"scans": [1], "status": "FINISHED"},
    "/flow/pb-a:data-queue:vis": {},
    "/flow/pb-a:data-queue:vis/state": {},
    "/pb/pb-a": {},
    "/pb/pb-a/more": {},
    "/pb/pb-a/owner": {},
    "/pb/pb-a/state": {},
    "/pb/pb-ab": {},
    "/pb": "no block",
    "/pbs": "a neighbour by name",
    "/request/pb-a:data": {},
    "/resource/storage:buffer": {},
    "/resource/storage:buffer/state": {},
    "/script/batch:test:0.0.0": {},
    "/system": {},
    "/t": "not below itself",
    "/t/pb/pb-a": {},
    "/t/x/y/z": "deep",
}

USES: list[tuple[str, list[str]]] = [
    ("pb pb-a", ["/pb/pb-a", "/pb/pb-a/state", "/pb/pb-a/owner"]),
    ("eb eb-a", ["/eb/eb-a", "/eb/eb-a/state"]),
    ("deployment dpl-a", ["/deploy/dpl-a", "/deploy/dpl-a/state"]),
    ("script batch:test:0.0.0", ["/script/batch:test:0.0.0"]),
    ("flow pb-a:data-queue:vis", [p for p in STORED if p.startswith("/flow/")]),
    ("dependency pb-a:k:vis:o", ["/dependency/pb-a:k:vis:o"]),
    ("allocation pb-a:data", ["/allocation/pb-a:data"]),
    ("request pb-a:data", ["/request/pb-a:data"]),
    ("resource storage:buffer", [p for p in STORED if p.startswith("/resource/")]),
    ("-ay resource", [p for p in STORED if p.startswith("/resource/")]),
    ("/system", ["/system"]),
    ("/pb/pb-a/state", ["/pb/pb-a/state"]),
    ("--prefix=/t pb pb-a", ["/t/pb/pb-a"]),
    ("-a -y pb", [p for p in STORED if p.startswith("/pb/")]),
    ("--all --yes script", ["/script/batch:test:0.0.0"]),
    ("eb -ay", ["/eb/eb-a", "/eb/eb-a/state"]),
    ("deployment -ay", ["/deploy/dpl-a", "/deploy/dpl-a/state"]),
    ("-ay flow", [p for p in STORED if p.startswith("/flow/")]),
    ("-a --prefix=/t prefix -y", ["/t/pb/pb-a", "/t/x/y/z"]),
    ("-a --prefix=/t pb -y", ["/t/pb/pb-a"]),
    ("-a --prefix=/none pb -y", []),
]

OF_OWNER = "ska-sdp: Warning, in use: /pb/pb-a is owned by a process.\n"


@pytest.mark.parametrize(("line", "gone"), USES, ids=[line for line, _ in USES])
def test_delete_removes_only_the_named_keys(
    database: Config, ska_sdp: Run, line: str, gone: list[str]
) -> None:
    fill(database, STORED)
    result = ska_sdp("delete", *line.split())
    assert (result.code, result.err) == (0, OF_OWNER if "/pb/pb-a/state" in gone else "")
    assert result.lines == [f"deleted {path}" for path in gone]
    assert list(contents(database)) == [path for path in sorted(STORED) if path not in gone]


@pytest.mark.parametrize(
    ("answer", "code"), [("yes\n", 0), ("no\n", 1), ("y\n", 1), ("", 1), ("YES please", 1)]
)
def test_delete_all_asks_for_confirmation(
    database: Config, ska_sdp: Run, answer: str, code: int
) -> None:
    fill(database, STORED)
    result = ska_sdp("delete", "-a", "eb", stdin=answer)
    assert result.code == code
    assert result.err.startswith("Delete all execution blocks: 2 keys below /eb? Type yes: ")
    assert ("/eb/eb-a" in contents(database)) == (code == 1)
    if code:
        assert result.err.endswith(
            "ska-sdp: Nothing was deleted: type yes to confirm, or use -y.\n"
        )


def test_delete_all_is_one_transaction_on_a_default_server(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    with Config(host=server.host, port=server.port) as config:
        for begin in range(0, 500, 100):
            puts = [Put(f"2/script/batch:s-{n:04}:1", "{}") for n in range(begin, begin + 100)]
            config.backend.store.commit([], puts, timeout=CALL)
        assert len(contents(config)) == 500
        before = config.backend.get("/x")[1].revision
        result = run_here(server, ["delete", "-a", "script", "-y"])
        assert (result.code, len(result.lines)) == (0, 500)
        assert contents(config) == {}
        assert config.backend.get("/x")[1].revision <= before + 2, "it was not one transaction"


@pytest.mark.parametrize(
    ("option", "word"), [("", "finished"), ("-c", "cancelled"), ("--cancel", "cancelled")]
)
def test_end_sets_the_status_of_block_and_state(
    database: Config, ska_sdp: Run, option: str, word: str
) -> None:
    fill(database, STORED | {"/eb/eb-a": {"test": True}})
    before = contents(database)
    assert ska_sdp("end", "eb", "eb-a", *option.split()) == (0, f"{word} /eb/eb-a\n", "")
    after = contents(database)
    eb, state = (json.loads(after.pop(path)) for path in ("/eb/eb-a", "/eb/eb-a/state"))
    assert eb == {"test": True, "status": word.upper(), "last_updated": eb["last_updated"]}
    assert state == {
        "status": word.upper(),
        "scan_type": None,
        "scan_id": None,
        "scans": [1],
        "last_updated": eb["last_updated"],
    }
    assert after == {k: v for k, v in before.items() if not k.startswith("/eb/")}


def test_end_creates_a_missing_state(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/eb/eb-a": {"status": "SCANNING", "scan_id": 3, "current_scan_type": "s"}})
    assert ska_sdp("end", "eb", "eb-a", "-q") == (0, "", "")
    state = json.loads(contents(database)["/eb/eb-a/state"])
    assert (state["scan_id"], state["scan_type"], state["scans"]) == (3, "s", [])
