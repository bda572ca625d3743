"""Properties of all messages, valid or not."""

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
from tests.support.json_values import JSON, mutated

from .small import ASSIGN_02, ASSIGN_04, PARSERS, block_of

STAY_WARNINGS = (
    "names no resources",
    "is a template of scan types",
    "read as channels",
    "read as 0.5",
    "read as 1.2",
    "read as 2.1",
    "read as such",
)
"""Ends of warnings that stay warnings at the next strictness, so an error omits them."""

EXAMPLES = [
    json.loads(example(name)) for name in example_names() if not name.startswith("recvaddrs-")
] + [ASSIGN_02, ASSIGN_04]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """Return the schema and the text of an example with up to three values changed."""
    message = draw(st.sampled_from(EXAMPLES))
    schema = message.get("interface", "/ska-sdp-assignres/").rpartition("ska-sdp-")[2]
    return schema.partition("/")[0], json.dumps(draw(mutated([message])))


class Outcome(NamedTuple):
    """Result of parsing; the message is None if it was rejected."""

    message: Any
    faults: set[str]
    warnings: set[str]

    @property
    def complete(self) -> bool:
        """Whether all faults and warnings are listed."""
        return not any(text.startswith("and ") for text in self.faults | self.warnings)


def _outcome(schema: str, text: str, strictness: int) -> Outcome:
    try:
        parsed = PARSERS[schema](text, strictness)
    except MessageError as error:
        rejection = error
    else:
        assert all(warning.isascii() for warning in parsed.warnings)
        return Outcome(parsed.message, set(), set(parsed.warnings))
    assert rejection.faults
    assert str(rejection).isascii()
    assert len(str(rejection)) < 20_000
    return Outcome(None, set(rejection.faults), set())


@settings(max_examples=60)
@given(st.text() | JSON.map(json.dumps), st.sampled_from(sorted(PARSERS)), st.integers(0, 2))
def test_any_text_is_accepted_or_rejected(text: str, schema: str, strictness: int) -> None:
    _outcome(schema, text, strictness)


@settings(max_examples=150)
@given(damaged())
def test_higher_strictness_only_turns_warnings_into_errors(case: tuple[str, str]) -> None:
    schema, text = case
    outcomes = [_outcome(schema, text, strictness) for strictness in (0, 1, 2)]
    for lax, strict in pairwise(outcomes):
        if strict.message is not None:
            assert lax.message == strict.message
        if lax.complete and strict.complete:
            assert lax.faults <= strict.faults
            listed = {text for text in lax.warnings if not text.endswith(STAY_WARNINGS)}
            assert listed <= strict.faults | strict.warnings


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
def test_stored_form_is_valid_message(case: tuple[str, str]) -> None:
    """Converted flat messages are valid by schema 0.4, others by their own schema."""
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
def test_converted_example_is_valid_message(version: str) -> None:
    message = parse_assign_resources(example(f"assignres-{version}"), 2).message
    again = parse_assign_resources(_as_message(message), 2).message
    assert again.execution_block == message.execution_block
    assert again.processing_blocks == message.processing_blocks


@pytest.mark.parametrize("version", ["0.2", "0.3"])
def test_converted_scan_types_are_valid_in_message(version: str) -> None:
    """The scan types of a flat Configure are valid in an execution block of schema 0.4."""
    assigned = parse_assign_resources(example(f"assignres-{version}")).message
    new = parse_configure(example(f"configure-{version}"), 2).message
    block = block_of(assigned)
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
