"""Script definition files: both forms, old and new names, every fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config.cli.documents import parse
from ska_sdp_config.cli.script_file import read_definitions

FLAT = """
scripts:
- kind: realtime
  name: test_realtime
  version: 0.2.2
  image: registry.example.org/test-realtime:0.2.2
- kind: batch
  name: test_batch
  version: 0.2.2
  image: registry.example.org/test-batch:0.2.2
"""
FLAT_MEANS = {
    "realtime:test_realtime:0.2.2": {"image": "registry.example.org/test-realtime:0.2.2"},
    "batch:test_batch:0.2.2": {"image": "registry.example.org/test-batch:0.2.2"},
}
OLD_FLAT = FLAT.replace("scripts:", "workflows:").replace("kind:", "type:").replace("name:", "id:")

REPOSITORIES = """
about: things that are not for us
repositories:
- name: here
  path: registry.example.org/sdp/
- name: there
  path: other.example.org
scripts:
- {kind: batch, name: imaging, repository: there, image: img, versions: ['1.0.0', 1.1.0-rc1]}
- {kind: realtime, name: receive, repository: here, image: rcv, versions: [2.0.0], more: {a: [1]}}
- {kind: batch, name: plain, version: 1.0.0, image: other.example.org/plain:7}
"""
REPOSITORIES_MEAN = {
    "batch:imaging:1.0.0": {"image": "other.example.org/img:1.0.0"},
    "batch:imaging:1.1.0-rc1": {"image": "other.example.org/img:1.1.0-rc1"},
    "realtime:receive:2.0.0": {"image": "registry.example.org/sdp/rcv:2.0.0", "more": {"a": [1]}},
    "batch:plain:1.0.0": {"image": "other.example.org/plain:7"},
}
OLD_REPOSITORIES = (
    REPOSITORIES.replace("scripts:", "workflows:")
    .replace("{kind:", "{type:")
    .replace(", name:", ", id:")
)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (FLAT, FLAT_MEANS),
        (json.dumps(parse(FLAT)), FLAT_MEANS),
        (OLD_FLAT, FLAT_MEANS),
        (REPOSITORIES, REPOSITORIES_MEAN),
        (OLD_REPOSITORIES, REPOSITORIES_MEAN),
        ("scripts: []", {}),
        (
            "scripts: [{kind: batch, name: a, version: '1', image: i, needs: '>=1', n: 1.5}]",
            {"batch:a:1": {"image": "i", "needs": ">=1", "n": 1.5}},
        ),
    ],
)
def test_each_form_is_converted(text: str, meaning: dict[str, Any]) -> None:
    found = read_definitions(parse(text))
    assert {key: json.loads(stored) for key, stored in found.items()} == meaning


def test_stored_text_has_the_layout_of_the_library() -> None:
    entry = {"kind": "batch", "name": "a", "version": "1", "z": "é", "image": "i"}
    found = read_definitions({"scripts": [entry]})
    assert found == {"batch:a:1": '{\n  "image": "i",\n  "z": "é"\n}'}


def test_file_of_the_demo_is_valid() -> None:
    import ska_sdp_sim.demo

    file = Path(ska_sdp_sim.demo.__file__).with_name("scripts.json")
    scripts = json.loads(file.read_text())["scripts"]
    assert len(read_definitions(parse(file.read_text()))) == len(scripts)


NO_PART = "is no part of a key: use 1 to 96 of A-Z, a-z, 0-9, '_.-'"
NO_NUMBER = "Out of range float values are not JSON compliant"
GOOD = {"kind": "batch", "name": "a", "version": "1", "image": "i"}
OF_REPOSITORY = {"kind": "batch", "name": "a", "repository": "r", "image": "i", "versions": ["1"]}


def faulty(*entries: object, **more: object) -> dict[str, object]:
    return {"scripts": list(entries), **more}


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        (None, ["the file is not a mapping with a list of scripts"]),
        ([GOOD], ["the file is not a mapping with a list of scripts"]),
        ({}, ["scripts is missing"]),
        ({"scripts": None}, ["scripts is not a list"]),
        ({"scripts": {"a": GOOD}}, ["scripts is not a list"]),
        (faulty(GOOD, "x"), ["scripts[1] is not a mapping"]),
        (
            faulty({}),
            [f"scripts[0] has no '{part}'" for part in GOOD if part != "version"]
            + ["scripts[0] has no 'version'"],
        ),
        (
            faulty(GOOD, GOOD | {"version": 1.1}),
            ["scripts[1].version is 1.1, which is not a string: quote it"],
        ),
        (faulty(GOOD | {"image": ""}), ["scripts[0].image is empty"]),
        (
            faulty(GOOD | {"kind": "fast"}),
            ["scripts[0] (kind) 'fast' is no kind of script: use 'realtime' or 'batch'"],
        ),
        (
            faulty(GOOD | {"name": "a/b", "version": "1:2"}),
            [f"scripts[0] (name) 'a/b' {NO_PART}", f"scripts[0] (version) '1:2' {NO_PART}"],
        ),
        (
            faulty(GOOD, GOOD | {"name": "b"}, GOOD),
            ["scripts[2] is batch:a:1 again, after scripts[0]"],
        ),
        (
            faulty(GOOD | {"type": "realtime"}),
            ["scripts[0] has both 'type' and 'kind', and they differ"],
        ),
        (
            {"workflows": [], "scripts": [GOOD]},
            ["the file has both 'workflows' and 'scripts', and they differ"],
        ),
        (faulty(OF_REPOSITORY), ["scripts[0].repository 'r' is not one of the repositories"]),
        (
            faulty(OF_REPOSITORY, repositories=[{"name": "r"}, 7]),
            [
                "repositories[0] has no 'path'",
                "repositories[1] is not a mapping",
                "scripts[0].repository 'r' is not one of the repositories",
            ],
        ),
        (
            faulty(
                OF_REPOSITORY | {"versions": ["1", 2, "1"]},
                OF_REPOSITORY | {"name": "b", "versions": "1"},
                repositories=[{"name": "r", "path": "p"}],
            ),
            [
                "scripts[0].versions[1] is 2, which is not a string: quote it",
                "scripts[0].versions[2] is batch:a:1 again, after scripts[0].versions[0]",
                "scripts[1].versions is not a list",
            ],
        ),
        (
            faulty(GOOD | {"since": parse("2020-01-02")}),
            ["scripts[0] cannot be stored as JSON: Object of type date is not JSON serializable"],
        ),
        (
            faulty(GOOD | {"n": float("nan")}),
            [f"scripts[0] cannot be stored as JSON: {NO_NUMBER}"],
        ),
    ],
)
def test_faults_have_positions(document: object, faults: list[str]) -> None:
    # Newer Pythons add the number that is not JSON.
    with pytest.raises(ValueError, match=f"^{re.escape('; '.join(faults))}(: nan)?$"):
        read_definitions(document)


def test_message_names_the_first_faults() -> None:
    with pytest.raises(ValueError, match=r"scripts\[9\] is not a mapping; 15 more$"):
        read_definitions({"scripts": [None] * 25})
