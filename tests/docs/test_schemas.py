"""JSON Schema files of the messages."""

from __future__ import annotations

import json

import jsonschema
import pytest
from docs.generate.schemas import DIRECTORY, files

from ska_sdp_lmc.messages.examples import example, example_names


def test_schema_files_are_current() -> None:
    found = {path.name: path.read_text() for path in DIRECTORY.glob("*.json")}
    assert found == files(), "run python -m docs.generate.schemas"


@pytest.mark.parametrize("name", example_names())
def test_schema_accepts_example(name: str) -> None:
    schema = json.loads((DIRECTORY / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(example(name)))


@pytest.mark.parametrize("name", example_names())
@pytest.mark.parametrize(
    "change",
    [
        {"interface": "https://schema.skao.int/ska-sdp-other/0.1"},
        {"interface": None},
        {"unknown": 1},
    ],
)
def test_schema_rejects_invalid_message(name: str, change: dict[str, object]) -> None:
    schema = json.loads((DIRECTORY / f"{name}.json").read_text())
    message = json.loads(example(name)) | change
    assert not jsonschema.Draft202012Validator(schema).is_valid(message)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("scan-2.1", {"scan_id": -1}),
        ("scan-2.1", {"scan_id": "1"}),
        ("scan-2.1", {"duration": -1}),
        ("configure-1.0", {"scan_type": ""}),
        ("configure-0.2", {"new_scan_types": [{"id": "a"}]}),
        ("assignres-0.2", {"id": 1}),
        ("assignres-1.0", {"execution_block": {}}),
        ("assignres-1.0", {"transaction_id": "a b"}),
        ("releaseres-0.4", {"resources": {"receive_nodes": 0}}),
        ("assignres-2.1", {"execution_block": {"eb_id": "eb-a-20260131-1"}}),
        ("recvaddrs-0.2", {"science": {"host": [[0, "a"]], "port": [[0, 0]]}}),
        ("recvaddrs-0.2", {"science": {"host": [["0", "a"]], "port": [[0, 1]]}}),
        ("recvaddrs-0.2", {"science": {"host": [], "port": [[0, 1]]}}),
        ("recvaddrs-0.4", {"science": {"vis0": {"function": "visibilities"}}}),
    ],
)
def test_schema_rejects_invalid_field(name: str, change: dict[str, object]) -> None:
    schema = json.loads((DIRECTORY / f"{name}.json").read_text())
    message = json.loads(example(name)) | change
    assert not jsonschema.Draft202012Validator(schema).is_valid(message)
