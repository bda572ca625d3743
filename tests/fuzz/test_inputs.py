"""Random inputs of each kind, and those of the corpus, break no rule."""

from __future__ import annotations

import json
import os

import pytest

from tests.fuzz import corpus
from tests.fuzz.kinds import KINDS
from tests.fuzz.running import fuzz

INPUTS = int(os.environ.get("FUZZ_INPUTS", "150"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))


@pytest.mark.parametrize("kind", KINDS)
def test_kept_inputs_break_no_rule(kind: str) -> None:
    cases = corpus.read(kind)
    assert cases
    for case in cases:
        KINDS[kind].check_in_time(case)


@pytest.mark.parametrize("kind", KINDS)
def test_random_inputs_break_no_rule(kind: str) -> None:
    search(kind, INPUTS)


def search(kind: str, inputs: int) -> None:
    outcome = fuzz(KINDS[kind], inputs, seed=SEED)
    found = [f"seed {each.seed}: {json.dumps(each.case)}\n{each.text}" for each in outcome.defects]
    assert found == []
    assert outcome.inputs >= inputs
