"""Lines of ``ska-sdp top`` above and below its tables, from a model without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from rich.cells import cell_len

from ska_sdp_config.cli.top.faults import fault_lines, reason_lines
from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.summary import counts_lines
from ska_sdp_config.cli.top.views import PBS
from ska_sdp_config.live.received import Everything

from .top_screen import failed_subarray

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


def model_of(documents: Mapping[str, Any]) -> Model:
    model = Model()
    texts = {path: json.dumps(document) for path, document in documents.items()}
    model.apply([Everything(texts, 1)], NOW)
    return model


def pbs_in(*statuses: str) -> Model:
    return model_of(
        {
            path: document
            for number, status in enumerate(statuses)
            for path, document in (
                (f"/pb/pb-{number}", {}),
                (f"/pb/pb-{number}/state", {"status": status}),
            )
        }
    )


def test_statuses_with_equal_counts_are_sorted_by_name() -> None:
    for statuses in (("RUNNING", "FAILED", "WAITING", "WAITING"), ("FAILED", "WAITING") * 2):
        for order in (statuses, reversed(statuses)):
            line = counts_lines(pbs_in(*order)).plain.splitlines()[0]
            counts = [part.split() for part in line.partition("PBs 4: ")[2].split(", ")]
            assert counts == sorted(counts, key=lambda part: (-int(part[0]), part[1]))


def faults_of(model: Model, selected: str | None = None, width: int = 80) -> list[str]:
    assert model.overview is not None
    return [line.plain for line in fault_lines(model.overview, selected, width)]


def test_causes_of_fault_come_before_missing_components() -> None:
    lines = faults_of(model_of(failed_subarray("01", is_component_missing=True)))
    assert lines[0] == "subarray 01"
    assert "is FAILED: no disk is left" in " ".join(lines[1:3])
    places = [line for line in lines if line.startswith(("    → ", "MISSING"))]
    assert places == ["    → ObsReset or Restart", "MISSING proccontrol, lmc-controller"]
    # The line above names it.
    assert "OFFLINE" not in " ".join(lines)


def test_fault_of_a_block_is_not_shown_for_one_whose_id_it_contains() -> None:
    documents = failed_subarray("01", reason="pb-other is FAILED")
    eb_id = "eb-test-20260131-00001"
    (pb_id,) = documents[f"/eb/{eb_id}"]["pb_realtime"]
    failed = {"status": "FAILED", "reason": "a reason of its own"}
    for other in (pb_id[:-1], "pb-other"):
        shown = {f"/pb/{other}": {"eb_id": eb_id}, f"/pb/{other}/state": failed}
        lines = [line.plain for line in reason_lines(model_of(documents | shown), PBS, other, 80)]
        assert "subarray 01" not in lines
        assert any("ska-sdp update pb-state" in line for line in lines)
    lines = [line.plain for line in reason_lines(model_of(documents), PBS, pb_id, 80)]
    assert "subarray 01" in lines
    assert not any("ska-sdp update" in line for line in lines)


def test_selected_subarray_comes_before_others() -> None:
    model = model_of({**failed_subarray("01"), **failed_subarray("02"), **failed_subarray("03")})
    for selected, order in ((None, "123"), ("02", "213"), ("03", "312")):
        titles = [line for line in faults_of(model, selected) if line.startswith("subarray")]
        assert titles == [f"subarray 0{number}" for number in order]


def test_fault_lines_fit_the_width() -> None:
    documents = failed_subarray("01", reason="x\x1b" * 60, is_component_missing=True)
    names = [f"component-{number:02}" for number in range(20)]
    documents["/lmc/subarray/01"]["settings"] = {"required_components": names}
    for width in (40, 80):
        lines = faults_of(model_of(documents), width=width)
        assert max(map(cell_len, lines)) <= width
        assert all(name in " ".join(lines) for name in names)
