"""What holds of all messages, right or wrong."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ska_sdp_lmc.messages import (
    AssignResources,
    MessageError,
    parse_assign_resources,
    parse_configure,
)
from ska_sdp_lmc.messages.examples import example, example_names

from .small import ASSIGN_02, ASSIGN_04, PARSERS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
STAY_WARNINGS = (
    "names no resources",
    "is a template of scan types",
    "read as channels",
    "read as 0.5",
    "read as 1.2",
    "read as 2.1",
    "read as such",
)
"""Ends of warnings that are still warnings at the next strictness: not told when it refuses."""

EXAMPLES = [
    json.loads(example(name)) for name in example_names() if not name.startswith("recvaddrs-")
] + [ASSIGN_02, ASSIGN_04]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return container and key of every value inside a JSON value."""
    found: list[tuple[Any, Any]] = []
    below = [value]
    while below:
        container = below.pop()
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                below.append(container[key])
    return found


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """Return the schema and the text of an example with up to three values changed."""
    message = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    schema = message.get("interface", "/ska-sdp-assignres/").rpartition("ska-sdp-")[2]
    for _ in range(draw(st.integers(0, 3))):
        places = _places(message)
        container, key = places[draw(st.integers(0, len(places) - 1))]
        what = draw(st.integers(0, 3))
        if what == 0:
            del container[key]
        elif what == 1 and isinstance(container, dict):
            container[draw(st.text(max_size=8))] = draw(JSON)
        elif what == 2:
            other, name = places[draw(st.integers(0, len(places) - 1))]
            container[key] = json.loads(json.dumps(other[name]))
        else:
            container[key] = draw(JSON)
        if not message:
            break
    return schema.partition("/")[0], json.dumps(message)


class Outcome(NamedTuple):
    """What came of a message; the message is None when it was refused."""

    message: Any
    faults: set[str]
    warnings: set[str]

    @property
    def complete(self) -> bool:
        """Whether all faults and warnings are told."""
        return not any(text.startswith("and ") for text in self.faults | self.warnings)


def _outcome(schema: str, text: str, strictness: int) -> Outcome:
    try:
        parsed = PARSERS[schema](text, strictness)
    except MessageError as error:
        refusal = error
    else:
        assert all(warning.isascii() for warning in parsed.warnings)
        return Outcome(parsed.message, set(), set(parsed.warnings))
    assert refusal.faults
    assert str(refusal).isascii()
    assert len(str(refusal)) < 20_000
    return Outcome(None, set(refusal.faults), set())


@settings(max_examples=60)
@given(st.text() | JSON.map(json.dumps), st.sampled_from(sorted(PARSERS)), st.integers(0, 2))
def test_any_text_is_read_or_refused(text: str, schema: str, strictness: int) -> None:
    _outcome(schema, text, strictness)


@settings(max_examples=150)
@given(damaged())
def test_warnings_only_grow_into_errors(case: tuple[str, str]) -> None:
    schema, text = case
    outcomes = [_outcome(schema, text, strictness) for strictness in (0, 1, 2)]
    for lax, strict in pairwise(outcomes):
        if strict.message is not None:
            assert lax.message == strict.message
        if lax.complete and strict.complete:
            assert lax.faults <= strict.faults
            told = {text for text in lax.warnings if not text.endswith(STAY_WARNINGS)}
            assert told <= strict.faults | strict.warnings


NESTED_04 = "https://schema.skao.int/ska-sdp-assignres/0.4"


def _as_message(message: AssignResources, interface: str = NESTED_04) -> str:
    parts = {
        "interface": interface,
        "execution_block": message.execution_block,
        "processing_blocks": list(message.processing_blocks),
    }
    return json.dumps({name: part for name, part in parts.items() if part})


@settings(max_examples=100)
@given(damaged())
def test_what_is_stored_is_accepted_again(case: tuple[str, str]) -> None:
    """Flat messages are right by schema 0.4 when converted, others by their own."""
    schema, text = case
    given = json.loads(text)
    for strictness in (0, 1):
        message = _outcome(schema, text, strictness).message
        if not isinstance(message, AssignResources) or message.execution_block is None:
            continue
        nested = "execution_block" in given and "interface" in given
        interface = given["interface"] if nested else NESTED_04
        again = parse_assign_resources(_as_message(message, interface), strictness).message
        assert again.execution_block == message.execution_block
        assert again.processing_blocks == message.processing_blocks


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_converted_examples_are_right_as_message(version: str) -> None:
    message = parse_assign_resources(example(f"assignres-{version}"), 2).message
    again = parse_assign_resources(_as_message(message), 2).message
    assert again.execution_block == message.execution_block
    assert again.processing_blocks == message.processing_blocks


@pytest.mark.parametrize("version", ["0.2", "0.3"])
def test_converted_scan_types_are_right_as_message(version: str) -> None:
    """A flat Configure, stored, gives an execution block that is right by schema 0.4."""
    assigned = parse_assign_resources(example(f"assignres-{version}")).message
    new = parse_configure(example(f"configure-{version}"), 2).message
    block = assigned.execution_block
    assert block is not None
    known = {channels["channels_id"] for channels in block["channels"]}
    merged = {
        **block,
        "scan_types": [*block["scan_types"], *new.new_scan_types],
        "channels": [
            *block["channels"],
            *(one for one in new.new_channels if one["channels_id"] not in known),
        ],
        "fields": [*block["fields"], *new.new_fields],
    }
    parse_assign_resources(_as_message(AssignResources(execution_block=merged)), 2)
