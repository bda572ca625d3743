"""Sorting, filtering and single changes of the tables of ``ska-sdp top``."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.cli.top.table import Cell, Column, Table

COLUMNS = (Column("ID", 4), Column("STATUS", 8), Column("AGE", 6))
NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

KEYS = st.sampled_from("abcdefgh")
TIMES = st.none() | st.integers(0, 5).map(lambda hours: NOON + timedelta(hours=hours))
ROWS = st.tuples(KEYS, st.sampled_from(["RUNNING", "WAITING", "FAILED"]), TIMES)
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, ROWS),
    st.tuples(st.just("delete"), KEYS, st.none()),
    st.tuples(st.just("sort"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("filter"), st.sampled_from(["", "run", "status:w", "id:a", "x"]), st.none()),
)


def shown(table: Table) -> list[str | None]:
    return [table.key_at(index) for index in range(len(table))]


def make(rows: dict[str, tuple[Cell, ...]]) -> Table:
    table = Table(COLUMNS, status=1)
    table.replace(rows)
    return table


@given(st.lists(STEPS, max_size=30))
def test_table_changed_row_by_row_equals_one_that_is_built(
    steps: list[tuple[str, Any, Any]],
) -> None:
    table = Table(COLUMNS, status=1)
    rows: dict[str, tuple[Cell, ...] | None] = {}
    for action, first, second in steps:
        if action == "sort":
            table.sort_by(first, descending=second)
        elif action == "filter":
            table.filter_by(first)
        else:
            table.put(first, second)
            rows[first] = second
    built = make({key: row for key, row in rows.items() if row is not None})
    built.filter_by(table.filter)
    built.sort_by(table.sort, descending=table.descending)
    assert shown(table) == shown(built)
    assert table.counts == built.counts
    for index, key in enumerate(shown(table)):
        assert table.index_of(str(key)) == index


def test_unknown_ages_are_sorted_before_the_youngest() -> None:
    table = make(
        {
            "old": ("old", "RUNNING", NOON - timedelta(days=1)),
            "new": ("new", "RUNNING", NOON),
            "none": ("none", "RUNNING", None),
        }
    )
    table.sort_by(2, descending=False)
    assert shown(table) == ["none", "new", "old"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("fail", ["a"]),
        ("STATUS:run", ["failure"]),
        ("status: RUN", ["failure"]),
        ("id:fail", ["failure"]),
        ("unknown:fail", []),
        ("", ["a", "failure"]),
    ],
)
def test_filter_selects_by_any_column_or_by_one(text: str, keys: list[str]) -> None:
    table = make({"a": ("a", "FAILED", None), "failure": ("failure", "RUNNING", None)})
    if text == "fail":
        keys = ["a", "failure"]
    table.filter_by(text)
    assert shown(table) == keys


def test_counts_include_rows_that_are_filtered_out() -> None:
    table = make({"a": ("a", "FAILED", None), "b": ("b", "RUNNING", None)})
    table.filter_by("failed")
    table.put("c", ("c", "RUNNING", None))
    table.put("a", None)
    assert (len(table), table.total, table.counts) == (0, 2, {"RUNNING": 2})
