"""Tables of the page on sizing have figures in each column, and each group its machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.records import MACHINES, Record, read, write_group
from docs.generate.sizing import COLUMNS, FIGURES


@pytest.mark.parametrize("group", COLUMNS)
def test_each_column_has_figures(group: str) -> None:
    records = json.loads(FIGURES.read_text())[group]
    for name, _ in COLUMNS[group].values():
        # Without watchers there are no figures of one.
        assert sum(name in record for record in records) >= max(1, len(records) - 1), name


def test_each_group_has_its_machine() -> None:
    assert {each["group"] for each in read(FIGURES)[MACHINES]} == set(COLUMNS)


def test_group_that_is_measured_again_replaces_its_machine_only(tmp_path: Path) -> None:
    file, cost = tmp_path / "figures.json", 0.12347
    earlier: Record = {"date": "2026-01-30", "load": 1.0}
    later: Record = {"date": "2026-01-31", "load": 2.0}
    for group, machine in (("watchers", earlier), ("commits", earlier), ("watchers", later)):
        write_group(file, group, [{"cost": cost}], machine)
    assert read(file) == {
        "watchers": [{"cost": 0.1235}],
        "commits": [{"cost": 0.1235}],
        MACHINES: [{"group": "commits", **earlier}, {"group": "watchers", **later}],
    }
