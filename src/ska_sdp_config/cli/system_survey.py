"""Survey of the stored subarrays, blocks and states for ``doctor``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ska_sdp_config.cli.objects import (
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    RESOURCE,
    SUBARRAY,
    Location,
    SdpObject,
    locate,
)
from ska_sdp_config.cli.statuses import KNOWN_STATUSES
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.observe import read_snapshot
from ska_sdp_config.lmc.overview import is_open_failure
from ska_sdp_config.lmc.snapshot import Snapshot, read_document
from ska_sdp_config.lmc.states import Json, ObsState
from ska_sdp_config.lmc.statuses import PB_AT_WORK, eb_status

if TYPE_CHECKING:
    from ska_sdp_config.transaction import Transaction

__all__ = ["FailedBlock", "Survey", "UnknownStatus", "survey_system"]

WITH_STATES = (PB, EB, DEPLOYMENT, FLOW, DEPENDENCY, RESOURCE)
"""Kinds of objects that have states."""

OLD_STATUSES = {EB: tuple(ObsState.__members__)}
"""Statuses that old releases stored: for an execution block the obsState."""


class FailedBlock(NamedTuple):
    """Processing block that is FAILED, ordered by the time of its last update."""

    last_updated: str
    pb_id: str
    reason: str


class UnknownStatus(NamedTuple):
    """Status that no program is known to write, with its path and its kind of object."""

    path: str
    kind: SdpObject
    status: Any


@dataclass(slots=True)
class Survey:
    """Contents of the database at one revision, of ended blocks only the paths.

    Attributes:
        keys: number of all keys.
        subarrays: snapshot of each subarray.
        paths: paths of each kind of object relative to its root, such as ``pb-x`` and
            ``pb-x/state``.
        failed: processing blocks that are FAILED, with an open failure.
        at_work: status of each processing block that is at work, by its ID.
        active: IDs of the execution blocks that are ACTIVE.
        unknown: unknown statuses.
    """

    keys: int = 0
    subarrays: list[Snapshot] = field(default_factory=list)
    paths: dict[SdpObject, set[str]] = field(
        default_factory=lambda: {kind: set() for kind in WITH_STATES}
    )
    failed: list[FailedBlock] = field(default_factory=list)
    at_work: dict[str, str] = field(default_factory=dict)
    active: list[str] = field(default_factory=list)
    unknown: list[UnknownStatus] = field(default_factory=list)

    def count(self, kind: SdpObject) -> int:
        """Return the number of objects of a kind."""
        return sum("/" not in path for path in self.paths[kind])


def survey_system(txn: Transaction, prefix: str) -> Survey:
    """Read all values once, in pages, as there may be tens of thousands."""
    from ska_sdp_config.engine.transaction import MAX_DEPTH

    survey = Survey()
    names: list[str] = []
    for path, text in txn.peek_values("/", range(MAX_DEPTH)):
        survey.keys += 1
        location = locate(path, prefix)
        if location is None:
            continue
        if location.kind is SUBARRAY and not location.part:
            names.append(location.key)
        elif location.kind in survey.paths:
            survey.paths[location.kind].add("/".join(filter(None, location[1:])))
            _note_status(survey, location, path, text)
    read = txn.texts.get_many
    survey.subarrays = [read_snapshot(name, txn.revision, read) for name in names]
    survey.failed = _open_failures(survey, read)
    return survey


def _open_failures(
    survey: Survey, read: Callable[[Iterable[str]], Mapping[str, str | None]]
) -> list[FailedBlock]:
    """Return the failed blocks that still require attention, as ``status`` shows them."""

    def documents(wanted: Iterable[str]) -> dict[str, Json]:
        parsed = {path: read_document(text)[0] for path, text in read(wanted).items()}
        return {path: document for path, document in parsed.items() if document is not None}

    acknowledged = {pb_id for each in survey.subarrays for pb_id in each.entry.acknowledged}
    pbs = documents(paths.processing_block(each.pb_id) for each in survey.failed)
    eb_ids = {pb["eb_id"] for pb in pbs.values() if is_id(pb.get("eb_id"))}
    ebs = documents(map(paths.execution_block, eb_ids))

    def is_open(failed: FailedBlock) -> bool:
        pb = pbs.get(paths.processing_block(failed.pb_id))
        eb = ebs.get(paths.execution_block(str((pb or {}).get("eb_id"))))
        return is_open_failure(pb, eb, is_acknowledged=failed.pb_id in acknowledged)

    return list(filter(is_open, survey.failed))


def _note_status(survey: Survey, location: Location, path: str, text: str) -> None:
    kind, key, part = location
    # The status of an execution block is in the block itself.
    if kind not in KNOWN_STATUSES or part != ("" if kind is EB else "state"):
        return
    document: Mapping[str, Any] = read_document(text)[0] or {}
    status = document.get("status")
    if kind is EB and eb_status(document) == "ACTIVE":
        survey.active.append(key)
    if kind is PB and status == "FAILED":
        reason = ProcessingBlock.read(key, False, None, document).reason
        survey.failed.append(FailedBlock(str(document.get("last_updated", "")), key, reason))
    if kind is PB and status in PB_AT_WORK:
        survey.at_work[key] = status
    if status is not None and status not in KNOWN_STATUSES[kind] + OLD_STATUSES.get(kind, ()):
        survey.unknown.append(UnknownStatus(path, kind, status))
