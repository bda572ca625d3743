"""Results of the measurement, as JSON that the documentation shows."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.faults.checkers.recovery import quantile
from tests.faults.recovery.kinds import FAULTS, Fault
from tests.faults.recovery.measure import Sample

__all__ = ["Results"]

PACKAGES = ("grpcio", "requests")

Row = dict[str, Any]


class Results:
    """File with the rows of each kind of fault, with those of earlier runs on an equal machine.

    Args:
        file: the JSON file.
        etcd: version of etcd.
    """

    def __init__(self, file: Path, etcd: str) -> None:
        self._file = file
        earlier = json.loads(file.read_text()) if file.exists() else {}
        self._machine = {
            "cores": os.cpu_count(),
            "etcd": etcd,
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        }
        rows: list[Row] = earlier.pop("rows", [])
        self._rows = rows if earlier == self._machine else []

    def put(self, fault: Fault, samples: Iterable[Sequence[Sample]]) -> list[Row]:
        """Replace the rows of a kind of fault, write the file, and return these rows."""
        rows = [_row(fault, list(of_client)) for of_client in zip(*samples, strict=True)]
        names = [each.name for each in FAULTS]
        self._rows = [row for row in self._rows if row["fault"] != fault.name] + rows
        self._rows.sort(key=lambda row: names.index(row["fault"]))
        document = {**self._machine, "rows": self._rows}
        self._file.write_text(json.dumps(document, indent=2) + "\n")
        return rows


def _row(fault: Fault, samples: list[Sample]) -> Row:
    """Return the row of a client, with the date and the machine's load average of five minutes."""
    client = samples[0].client
    limits = {"client": fault.limit_s, "watcher": fault.watchers_limit_s}
    seconds = [sample.seconds for sample in samples]
    return {
        "fault": fault.name,
        "client": client,
        "samples": len(samples),
        "p50": round(quantile(seconds, 0.5), 3),
        "p90": round(quantile(seconds, 0.9), 3),
        "max": round(max(seconds), 3),
        "limit": limits.get(client.partition(",")[0]),
        "failed": sum(sample.failed for sample in samples),
        "unknown": sum(sample.unknown for sample in samples),
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "load": round(os.getloadavg()[1], 1),
    }
