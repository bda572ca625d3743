"""The page about the database against the paths and fields that the programs use."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from typing import Any

import pytest
from docs.generate import database
from docs.generate.observation import observe

from ska_sdp_config import Config, operations
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.lmc import paths
from ska_sdp_config.store.keys import key_of_path
from ska_sdp_lmc.ops.secure_etcd.rights import plan
from tests.docs.page import ROOT

PAGE = (ROOT / "docs/reference/database.md").read_text()
TEXT = PAGE + database.entities() + database.device_entries()
ROWS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in PAGE[PAGE.index("| path | content") :].split("\n\n")[0].splitlines()[2:]
]
WRITERS = {row[0].strip("`"): row[2] for row in ROWS}

ROLES = {
    "subarray": "lmc-subarray-01",
    "controller": "lmc-controller",
    "processing controller": "proccontrol",
    "Helm deployer": "helmdeploy",
    "scripts": "script",
    "operators": "operator",
}
"""Role in a secured database of each writer on the page."""


def example_of(path: str) -> str:
    return re.sub("<NN>", "01", re.sub("<(?!NN)[a-z_]+>", "x", path))


def row_of(path: str) -> str | None:
    """Return the path with placeholders on the page that matches a path."""
    patterns = {row: re.sub("<[a-zA-Z_]+>", "[^/:]+", row) for row in WRITERS}
    return next((row for row in WRITERS if re.fullmatch(patterns[row], path)), None)


def documents(last: str) -> dict[str, dict[str, Any]]:
    """Return all documents after a command of the simulated observation, by path."""
    with Config(backend=MemoryBackend(Database())) as config:
        observe(config, last)
        for txn in config.txn():
            found = txn.raw.list_values("/", recurse=9)
    return {path: json.loads(text) for path, text in found}


def fields_on_the_page(path: str) -> set[str]:
    """Return the fields in the tables of the sections about a path."""
    sections = re.split(r"\n#+ ", TEXT)
    found = [section for section in sections if section.startswith(f"`{row_of(path)}`")]
    assert found, path
    return {name for section in found for name in re.findall(r"^\| `(\w+)`", section, re.M)}


def test_page_has_every_path_of_the_library() -> None:
    modules = (
        importlib.import_module(f"{operations.__name__}.{module.name}")
        for module in pkgutil.iter_modules(operations.__path__)
    )
    classes = (each for module in modules for each in vars(module).values())
    prefixes = {prefix for each in classes if (prefix := getattr(each, "PREFIX", ""))}
    assert len(prefixes) == 11
    assert all(any(path.startswith(f"{prefix}/") for path in WRITERS) for prefix in prefixes)


@pytest.mark.parametrize(
    "path",
    [
        paths.CONTROLLER,
        paths.subarray("01"),
        paths.component("proccontrol"),
        *(
            path
            for block in (paths.execution_block("eb-x"), paths.processing_block("pb-x"))
            for path in (block, paths.state_of(block))
        ),
        paths.owner_of(paths.processing_block("pb-x")),
        "/resource/storage:capacity-buffer",
        "/resource/storage:capacity-buffer/state",
    ],
)
def test_page_has_path_of_the_model(path: str) -> None:
    assert row_of(path)


@pytest.mark.parametrize("last", ["AssignResources", "Scan", ""])
def test_page_has_every_path_and_field_of_an_observation(last: str) -> None:
    for path, document in documents(last).items():
        assert row_of(path)
        assert set(document) <= fields_on_the_page(path), path


@pytest.mark.parametrize("path", WRITERS)
def test_writers_on_the_page_have_the_right_to_write(path: str) -> None:
    roles = {role.name: role for role in plan(["01"]).roles}
    key = key_of_path(example_of(path))
    written_by = re.sub("`[^`]*`", "", WRITERS[path])
    writers = re.findall("|".join(sorted(ROLES, key=len, reverse=True)), written_by)
    for writer in writers:
        spans = roles[ROLES[writer]].writes
        assert any(key == span.begin or span.begin <= key < span.end for span in spans), writer
