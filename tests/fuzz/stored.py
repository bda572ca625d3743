"""Stored values of each known path: the pure model, commands, and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from ska_sdp_config.lmc.observe import observe, read_snapshot
from ska_sdp_config.lmc.rejections import CommandRejected
from ska_sdp_lmc.devices.subarray import COMMANDS
from tests.fuzz import corpus
from tests.fuzz.cli_rules import Given, check_run
from tests.fuzz.kind import Kind, contents, database_with
from tests.fuzz.messages import check_view, run_command
from tests.fuzz.texts import mutated_text
from tests.support.fault_scene import EB, FAILED
from tests.support.hostile_values import FLOW, HOSTILE, OBJECTS, PATHS, TEXTS, stored_scene
from tests.support.json_values import mutated

__all__ = ["KIND", "SCENE"]

OTHERS: dict[str, Any] = {
    "/lmc/subarray/02": {"state_commanded": "ON", "obs_state_commanded": "EMPTY"},
    "/script/batch:imaging:1.0.0": {"image": "registry.example.org/imaging:1.0.0"},
    f"/dependency/{FLOW}:archive": {"description": "copy", "expiry_time": "1h"},
    f"/dependency/{FLOW}:archive/state": {"status": "COMPLETED"},
    "/resource/storage:buffer": {"quantity": 5, "unit": "TB", "available_mb": 9},
    f"/request/{FAILED}:data": {"resource": "storage:buffer", "quantity": 1},
    f"/allocation/{FAILED}:data": {"resource": "storage:buffer", "quantity": 1},
    "/system": {"version": "1.0.0", "components": {}, "dependencies": {}},
    "/text": "any text",
}
"""Values of the kinds that the scene does not have."""

SCENE = {**stored_scene(), **{path: json.dumps(value) for path, value in OTHERS.items()}}

ALL_PATHS = (*PATHS, *OTHERS)

LINES = (
    *("status", "status -o json", "status -o table", "doctor", "doctor -o json"),
    *("list -a", "list -av", "list -avo json", "list -avo yaml", "list pb -o table"),
    *("list deployment -o table", "list subarray -o table", "list flow -v", "list eb -o table"),
    *(f"describe eb {EB}", f"describe pb {FAILED}", "describe subarray 01", "describe system"),
    *(
        f"describe eb {EB} -o json",
        "describe subarray 01 -o table",
        f"describe -o yaml pb {FAILED}",
    ),
    *("describe resource storage:buffer", f"describe request {FAILED}:data"),
    *("history subarray 01", f"get pb {FAILED}", f"get eb {EB} -o yaml", "get system -o table"),
    *("dump", "dump -a", f"end eb {EB}", f"end eb {EB} --cancel", "prune --older-than 0s -y"),
    *("prune --older-than 1d --dry-run -o json", "delete -ay pb", f"delete eb {EB}"),
    *("update subarray 01 {} --dry-run", 'update controller {"a":1}', f"wait pb {FAILED} a=1"),
)
"""Command lines that read many values, or decide by them."""

WITHOUT_MESSAGE = sorted(name for name, command in COMMANDS.items() if command.parse is None)

_KEPT = [text for case in corpus.read("stored") for text in case["writes"].values() if text]


def _texts() -> st.SearchStrategy[str | None]:
    documents = [json.loads(text) for text in SCENE.values()]
    objects = [each for each in documents if isinstance(each, dict) and each]
    return st.one_of(
        TEXTS,
        mutated(objects, HOSTILE).map(json.dumps),
        mutated_text([*SCENE.values(), *_KEPT]),
    )


_TEXTS = _texts()


@st.composite
def _cases(draw: st.DrawFn) -> dict[str, Any]:
    writes: dict[str, str | None] = {}
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(ALL_PATHS))
        kind = draw(st.integers(0, 2))
        if kind == 0 or path not in SCENE or path == "/text":
            writes[path] = draw(_TEXTS)
        elif kind == 1:
            # One wrong field among valid ones reaches further than a wrong value.
            writes[path] = json.dumps({**json.loads(SCENE[path]), **draw(OBJECTS)})
        else:
            writes[path] = json.dumps(draw(mutated([json.loads(SCENE[path])], HOSTILE)))
    return {
        "writes": {path: _as_stored(text) for path, text in writes.items()},
        "line": draw(st.sampled_from(LINES)),
        "command": draw(st.sampled_from(WITHOUT_MESSAGE)),
    }


def _as_stored(text: str | None) -> str | None:
    """Return a text as it is read from a database, which stores bytes."""
    if text is None:
        return None
    return text.encode(errors="surrogatepass").decode(errors="surrogateescape")


def _check(case: dict[str, Any]) -> None:
    changed = {**SCENE, **case["writes"]}
    texts = {path: text for path, text in changed.items() if text is not None}
    _check_model(texts)
    _check_command(texts, case["command"])
    words = case["line"].split()
    if words[0] == "wait":
        words = ["--timeout", "0.001", *words]
    check_run(Given(texts, words))


def _check_model(texts: Mapping[str, str]) -> None:
    for subarray_id in ("01", "02"):
        snapshot = read_snapshot(subarray_id, 1, lambda paths: {p: texts.get(p) for p in paths})
        check_view(observe(snapshot))


def _check_command(texts: dict[str, str], command: str) -> None:
    database = database_with(texts)
    before = contents(database)
    try:
        run_command(database, command, None)
    except CommandRejected:
        assert contents(database) == before, "a rejected command has changed the database"


KIND = Kind("stored", _cases(), _check)
