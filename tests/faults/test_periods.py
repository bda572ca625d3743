"""Periods in which subscribers may show other values."""

from __future__ import annotations

from tests.faults.checkers.events import merged, without


def test_periods_are_merged_and_left_out() -> None:
    excused = merged([(5.0, 6.0), (1.0, 2.0), (1.5, 3.0)])
    assert excused == [(1.0, 3.0), (5.0, 6.0)]
    assert list(without((0.0, 10.0), excused)) == [(0.0, 1.0), (3.0, 5.0), (6.0, 10.0)]
    assert list(without((2.0, 5.5), excused)) == [(3.0, 5.0)]
    assert list(without((1.0, 2.0), excused)) == []
    assert list(without((7.0, 8.0), excused)) == [(7.0, 8.0)]
    assert list(without((3.0, 2.0), [])) == []
