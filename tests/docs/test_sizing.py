"""Tables of the page on sizing have figures in each column."""

from __future__ import annotations

import json

import pytest
from docs.generate.sizing import COLUMNS, FIGURES


@pytest.mark.parametrize("group", COLUMNS)
def test_each_column_has_figures(group: str) -> None:
    records = json.loads(FIGURES.read_text())[group]
    for name, _ in COLUMNS[group].values():
        # Without watchers there are no figures of one.
        assert sum(name in record for record in records) >= max(1, len(records) - 1), name
