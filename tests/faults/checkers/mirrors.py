"""Checker of mirrors: each equals the database at each revision that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.faults.database_log import Change
from tests.faults.history import Operation, of_kind

__all__ = ["check_mirrors"]

MAX_PATHS_SHOWN = 3
"""Number of differing paths that a message names."""


def check_mirrors(
    operations: Sequence[Operation], changes: Sequence[Change], prefix: str, settled: int = 0
) -> list[str]:
    """Return a message for each violation.

    Args:
        operations: all operations, of which those of mirrors count.
        changes: changes of the database.
        prefix: prefix of the mirrored paths.
        settled: revision that each mirror that was not killed must have reached, 0 for none.
    """
    relevant = [each for each in changes if each.path.startswith(prefix)]
    # A mirror that never shows a revision has stopped as well.
    shown: dict[str, list[Operation]] = {
        each.client: [] for each in of_kind(operations, "mirroring", "mirror")
    }
    for operation in of_kind(operations, "mirror"):
        shown[operation.client].append(operation)
    killed = {each.details["name"] for each in of_kind(operations, "killed")}
    violations: list[str] = []
    for name, records in shown.items():
        violations += _check_one(name, records, relevant, 0 if name in killed else settled)
    return violations


def _check_one(
    name: str, records: Iterable[Operation], changes: Sequence[Change], settled: int
) -> Iterable[str]:
    comparison = _Comparison()
    passed = revision = 0
    for record in records:
        if record.revision < revision:
            yield f"{name} went back from {revision} to {record.revision}"
            continue
        revision = record.revision
        while passed < len(changes) and changes[passed].revision <= revision:
            comparison.write(changes[passed].path, changes[passed].value)
            passed += 1
        comparison.show(record.details["values"], whole=record.details["whole"])
        if comparison.differing:
            paths = sorted(comparison.differing)[:MAX_PATHS_SHOWN]
            yield f"{name} differs at {revision}: {'; '.join(map(comparison.describe, paths))}"
            comparison.accept()
    late = [each.revision for each in changes[passed:] if each.revision <= settled]
    if late:
        yield f"{name} stopped at {revision}, before the change at {late[0]}"


class _Comparison:
    """The database and a mirror, with the paths at which they differ."""

    def __init__(self) -> None:
        self._stored: dict[str, str] = {}
        self._mirrored: dict[str, str] = {}
        self.differing: set[str] = set()

    def write(self, path: str, value: str | None) -> None:
        _set(self._stored, path, value)
        self._compare(path)

    def show(self, values: dict[str, str | None], *, whole: bool) -> None:
        """Show some values, or exactly these."""
        if whole:
            for path in self._mirrored.keys() - values.keys():
                del self._mirrored[path]
                self._compare(path)
        for path, value in values.items():
            _set(self._mirrored, path, value)
            self._compare(path)

    def describe(self, path: str) -> str:
        return f"{path} is {self._mirrored.get(path)!r}, not {self._stored.get(path)!r}"

    def accept(self) -> None:
        """Correct the mirror, so that each difference is reported once."""
        for path in list(self.differing):
            _set(self._mirrored, path, self._stored.get(path))
            self._compare(path)

    def _compare(self, path: str) -> None:
        if self._stored.get(path) == self._mirrored.get(path):
            self.differing.discard(path)
        else:
            self.differing.add(path)


def _set(values: dict[str, str], path: str, value: str | None) -> None:
    if value is None:
        values.pop(path, None)
    else:
        values[path] = value
