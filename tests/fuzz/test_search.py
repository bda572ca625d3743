"""The search: planted defects are found and made small, and lines guide it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ska_sdp_config.entity.common.kafka import KafkaUrl
from tests.fuzz import __main__ as program
from tests.fuzz import corpus, kind, running
from tests.fuzz.cli_rules import Given, check_run
from tests.fuzz.kind import Kind
from tests.fuzz.kinds import KINDS
from tests.fuzz.reached import Reached
from tests.fuzz.running import fuzz
from tests.fuzz.schema_values import schema_values, values_of_schema
from tests.support.schemas import draft_2020_12

NUMBERS = st.integers(0, 10_000)


def raising(case: int) -> None:
    if case >= 5_000:
        raise KeyError(case)
    assert case % 2 == 0 or case < 100, "large and odd"


def test_each_defect_is_found_once_and_made_small() -> None:
    outcome = fuzz(Kind("numbers", NUMBERS, raising), 600, seed=1)
    assert sorted(each.case for each in outcome.defects) == [101, 5_000]
    assert outcome.inputs >= 600
    assert "2 defects" in str(outcome)


def test_seed_repeats_the_inputs() -> None:
    def inputs(seed: int) -> list[Any]:
        seen: list[Any] = []
        fuzz(Kind("numbers", NUMBERS, seen.append), 200, seed)
        return seen

    assert inputs(3) == inputs(3)
    assert inputs(3) != inputs(4)


def test_input_that_takes_too_long_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "MAX_CPU_S", 0.0)
    slow = Kind("slow", st.just(20), lambda case: None)
    assert "processor time" in fuzz(slow, 1, seed=1).defects[0].text


def test_input_that_waits_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "MAX_WAIT_S", 0.05)
    waiting = Kind("waiting", st.just(0), lambda case: time.sleep(60))
    assert "has not ended" in fuzz(waiting, 1, seed=1).defects[0].text


def test_rare_lines_score_more() -> None:
    reached = Reached()
    scores = []
    for text in ("h:1", "h:1", "h:1", "h"):
        with reached.recorded(), suppress(ValueError):
            KafkaUrl(text)
        scores.append((reached.is_new, reached.rarity))
    assert [is_new for is_new, _ in scores] == [True, False, False, True]
    assert scores[0][1] > scores[1][1] > scores[2][1]


def test_new_inputs_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    new: list[Any] = []

    def check(case: str) -> None:
        KafkaUrl(case)

    monkeypatch.setattr(running, "TRACED_ONE_IN", 1)
    fuzz(Kind("urls", st.just("h:1"), check), 5, 1, on_new=new.append)
    assert new == ["h:1"]


def test_unexpected_error_of_the_program_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr("ska_sdp_config.live.values.pretty", fail)
    with pytest.raises(
        AssertionError, match=r"unexpected KeyError at .*test_search(?s:.)*Traceback"
    ):
        check_run(Given({"/x": "1"}, ["get", "/x", "-o", "table"]))


def test_change_by_a_rejected_command_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.cli_rules.READING", frozenset({"create"}))
    with pytest.raises(AssertionError, match="something was changed"):
        check_run(Given({}, ["create", "/x", "1"]))


@settings(max_examples=3)
@given(st.sampled_from(["assignres", "scan"]).flatmap(schema_values))
def test_values_of_schemas_are_json(value: Any) -> None:
    assert json.loads(json.dumps(value)) == value


SCHEMA = {
    "$defs": {"Item": {"type": "object", "properties": {"of": {"$ref": "#/$defs/Item"}}}},
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]{2}$", "minLength": 2},
        "sizes": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2},
        "pair": {
            "type": "array",
            "prefixItems": [{"type": "number", "exclusiveMaximum": 1}, {"enum": ["a", None]}],
            "minItems": 1,
        },
        "item": {"$ref": "#/$defs/Item"},
        "any": {"oneOf": [{"type": "boolean"}, {"const": 5}]},
    },
    "additionalProperties": {"type": "null"},
    "required": ["name", "sizes"],
}


@settings(max_examples=50)
@given(values_of_schema(SCHEMA))
def test_values_of_a_schema_are_valid(value: Any) -> None:
    draft_2020_12(SCHEMA).validate(value)


def test_kept_inputs_are_small_and_different() -> None:
    for name in KINDS:
        lines = [json.dumps(case, separators=(",", ":")) for case in corpus.read(name)]
        assert len(lines) == len(set(lines))
        assert all(len(line) <= corpus.MAX_CHARACTERS for line in lines)


def test_program_writes_its_figures_after_each_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "fuzz.json"

    def interrupt(case: Any) -> None:
        raise KeyboardInterrupt

    kinds = {
        "first": Kind("first", NUMBERS, lambda case: None),
        "second": Kind("second", NUMBERS, interrupt),
    }
    monkeypatch.setattr(program, "KINDS", kinds)
    monkeypatch.setattr("sys.argv", ["fuzz", "--inputs", "5", "--json", str(file)])
    monkeypatch.setenv("FUZZ_SEED", "7")
    with pytest.raises(KeyboardInterrupt):
        program.main()
    figures = json.loads(file.read_text())
    assert figures == [{"kind": "first", "seed": 7, "inputs": 5, "defects": 0}]
