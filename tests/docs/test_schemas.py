"""JSON Schema files of the messages."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from docs.generate.messages import EXAMPLES, short_example
from docs.generate.schemas import DIRECTORY, MESSAGES, files

from ska_sdp_config.lmc.schema.versions import KNOWN
from ska_sdp_lmc.messages import MessageError, read_receive_addresses
from ska_sdp_lmc.messages.examples import example, example_names
from tests.messages.small import PARSERS
from tests.support.schemas import draft_2020_12


@functools.cache
def validator(name: str) -> Any:
    schema = json.loads((DIRECTORY / f"{name}.json").read_text())
    return draft_2020_12(schema)


def test_schema_files_are_current() -> None:
    found = {path.name: path.read_text() for path in DIRECTORY.glob("*.json")}
    assert found == files(), "run python -m docs.generate.schemas"


@pytest.mark.parametrize("name", example_names())
def test_schema_accepts_example(name: str) -> None:
    validator(name).validate(json.loads(example(name)))


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
    assert not validator(name).is_valid(json.loads(example(name)) | change)


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
        ("assignres-1.0", {"execution_block": {"eb_id": "eb-a-20260131-" + 90 * "0"}}),
    ],
)
def test_schema_rejects_invalid_field(name: str, change: dict[str, object]) -> None:
    assert not validator(name).is_valid(json.loads(example(name)) | change)


SHORT = ("assignres-0.1", "assignres-0.3", "assignres-0.4", "assignres-1.0", "recvaddrs-0.4")
OTHERS = ("recvaddrs-0.1", "configure-0.1", "configure-0.3", "configure-0.4", "configure-1.0")
SMALL = (*SHORT, *OTHERS, "releaseres-0.1", "scan-0.1", "scan-0.3", "scan-2.1")

NOT_IN_SCHEMA = re.compile(
    "has the id|is derived from itself|there is no |is not among|is not in this message"
    "|is the processing block itself|freq_max|has no ra in hours|without a frame"
    "|printable|in the order of channels|should be a time in UTC"
)
"""Faults that JSON Schema cannot express, as listed in docs/reference/messages.md."""


def short(name: str) -> Any:
    schema, _, version = name.partition("-")
    return json.loads(short_example(schema, next(v for v in KNOWN if str(v) == version)))


def faults(name: str, message: Any) -> tuple[str, ...]:
    """Return the faults that the devices find at strictness 2."""
    schema = name.partition("-")[0]
    if schema == "recvaddrs":
        return read_receive_addresses(message)
    try:
        PARSERS[schema](json.dumps(message), 2)
    except MessageError as error:
        return error.faults
    return ()


def changes(message: Any) -> Iterator[Any]:
    """Yield the message with one value removed, replaced or added, for each value."""
    for *above, last in places(message):
        for value in (REMOVED, None, True, -1, 0, 1.5, "", ".x", "a b", [], {}, [1], {"x": 1}):
            changed = copy.deepcopy(message)
            inner = functools.reduce(lambda part, step: part[step], above, changed)
            if value is REMOVED:
                del inner[last]
            else:
                inner[last] = value
            yield changed


REMOVED: Any = object()


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        if key != "interface":
            yield (*at, key)
            yield from places(item, (*at, key))


def test_each_short_example_is_on_the_page() -> None:
    assert {path.stem for path in EXAMPLES.iterdir()} == set(SHORT)
    assert {name.partition("-")[0] for name in SMALL} == set(MESSAGES.values())


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_schema_and_device_agree(name: str) -> None:
    message = short(name)
    assert validator(name).is_valid(message)
    assert faults(name, message) == ()
    for changed in changes(message):
        found = faults(name, changed)
        if not found:
            # The devices accept a scan type without addresses.
            empty = name == "recvaddrs-0.1" and {} in changed.values()
            assert validator(name).is_valid(changed) or empty, changed
        elif validator(name).is_valid(changed):
            assert all(NOT_IN_SCHEMA.search(fault) for fault in found), found
