"""Pauses between attempts."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from ska_sdp_config.store.backoff import growing_pauses


@pytest.mark.parametrize(
    ("first", "longest", "share", "pauses"),
    [
        (1.0, 5.0, 1.0, [1.0, 2.0, 4.0, 5.0, 5.0]),
        (1.0, 5.0, 0.0, [0.5, 1.0, 2.0, 2.5, 2.5]),
        (1.0, 5.0, 0.5, [0.75, 1.5, 3.0, 3.75, 3.75]),
        (8.0, 5.0, 1.0, [5.0, 5.0, 5.0]),
        (0.0, 5.0, 1.0, [0.0, 0.0, 0.0]),
    ],
)
def test_pauses_double_up_to_the_longest(
    first: float, longest: float, share: float, pauses: list[float]
) -> None:
    assert list(islice(growing_pauses(first, longest, lambda: share), len(pauses))) == pauses


def test_pauses_are_jittered_by_default() -> None:
    pauses = list(islice(growing_pauses(1.0, 1.0), 100))
    assert all(0.5 <= pause <= 1.0 for pause in pauses)
    assert len(set(pauses)) > 1


def test_pauses_keep_the_random_state_of_the_program() -> None:
    before = random.getstate()
    next(growing_pauses(1.0, 1.0))
    assert random.getstate() == before
