"""Lines of ``ska-sdp top`` above and below its tables, from a model without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.received import Everything
from ska_sdp_config.cli.top.summary import counts_lines

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
