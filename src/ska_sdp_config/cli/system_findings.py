"""Findings of ``doctor`` on the stored subarrays, blocks and states."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli.objects import (
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    RESOURCE,
    SUBARRAY,
    SdpObject,
)
from ska_sdp_config.cli.output import Finding
from ska_sdp_config.cli.statuses import KNOWN_STATUSES
from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.observe import observe, read_snapshot
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.statuses import PB_AT_WORK, eb_status
from ska_sdp_config.lmc.transitions import TRANSITIONS

if TYPE_CHECKING:
    from ska_sdp_config.transaction import Transaction

__all__ = ["MAX_FINDINGS", "find_system_faults"]

MAX_FINDINGS = 10
"""Maximum number of findings of each kind."""

WITH_STATES = (PB, EB, DEPLOYMENT, FLOW, DEPENDENCY, RESOURCE)
"""Kinds of objects that have states."""

OLD_STATUSES = {EB: tuple(ObsState.__members__)}
"""Statuses that old releases stored: for an execution block the obsState."""

ENDS_FAULT = " or ".join(
    name
    for name, each in TRANSITIONS.items()
    if ObsState.FAULT in each.obs_states and ObsState.EMPTY not in each.obs_states
)
"""Commands that lead out of FAULT to another obsState."""


def find_system_faults(txn: Transaction, prefix: str, paths: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each fault, at most ten of a kind, or one if there is none.

    Tens of thousands of values are read in pages, and not kept.

    Args:
        txn: transaction that reads the values.
        prefix: prefix of the paths of all entities.
        paths: all paths of the database.
    """
    system = _System(txn, prefix, paths)
    kinds = (
        (system.subarrays_in_fault(), "subarrays are in FAULT"),
        (system.failed_blocks(), "processing blocks are FAILED"),
        (system.abandoned_blocks(), "processing blocks are at work without an owner"),
        (system.unlinked_blocks(), "execution blocks are ACTIVE without a subarray"),
        (system.unknown_statuses(), "statuses are unknown"),
        (system.orphaned_states(), "states are orphaned"),
    )
    is_sound = True
    for findings, what in kinds:
        for finding in _limit(list(findings), what):
            is_sound = False
            yield finding
    if is_sound:
        yield Finding("system", "ok", system.counts)


def _limit(findings: Sequence[Finding], what: str) -> Iterator[Finding]:
    yield from findings[:MAX_FINDINGS]
    if len(findings) > MAX_FINDINGS:
        text = f"{len(findings) - MAX_FINDINGS} more {what}"
        advice = "follow the advice above, then run doctor again"
        yield Finding("system", findings[0].verdict, text, advice)


class _System:
    """Stored values that the findings depend on, read at one revision.

    Attributes:
        counts: the numbers of subarrays and blocks.
    """

    def __init__(self, txn: Transaction, prefix: str, paths: Sequence[str]) -> None:
        self._txn = txn
        self._prefix = prefix
        self._option = f" --prefix {prefix}" if prefix else ""
        names = sorted(path for path in _relative(paths, SUBARRAY, prefix) if "/" not in path)
        self._subarrays = [read_snapshot(name, txn.revision, self._read) for name in names]
        self._paths = {kind: _relative(paths, kind, prefix) for kind in WITH_STATES}
        # Of the states of blocks only those to report, as most blocks have ended.
        self._failed: list[tuple[str, str, str]] = []
        self._at_work: list[tuple[str, str]] = []
        self._unknown: list[tuple[str, Any, SdpObject]] = []
        self._active: list[str] = []
        self._survey()
        ebs, pbs = (sum("/" not in path for path in self._paths[kind]) for kind in (EB, PB))
        self.counts = (
            f"no fault in {len(names)} subarrays, {ebs} execution blocks and {pbs} processing "
            "blocks"
        )

    def subarrays_in_fault(self) -> Iterator[Finding]:
        """Yield the subarrays whose obsState is FAULT, with the reasons."""
        for snapshot in self._subarrays:
            view = observe(snapshot)
            if view.obs_state is ObsState.FAULT:
                reasons = [
                    f"{key}: {text}" for key, text in json.loads(view.error_messages).items()
                ]
                yield Finding(
                    f"subarray {snapshot.subarray_id}",
                    "fault",
                    f"it is in FAULT: {'; '.join(reasons)}",
                    f"correct the cause, then send it {ENDS_FAULT}",
                )

    def failed_blocks(self) -> Iterator[Finding]:
        """Yield the processing blocks that are FAILED, the newest first."""
        for _, pb_id, reason in sorted(self._failed, reverse=True):
            advice = f"see 'ska-sdp describe pb {pb_id}{self._option}' and the log of its script"
            yield Finding(f"pb {pb_id}", "warning", f"it is FAILED: {reason}", advice)

    def abandoned_blocks(self) -> Iterator[Finding]:
        """Yield the processing blocks at work that have no live owner."""
        for pb_id, status in self._at_work:
            if f"{pb_id}/owner" not in self._paths[PB]:
                yield Finding(
                    f"pb {pb_id}",
                    "warning",
                    f"it is {status}, but no process owns it: its script has ended or lost its "
                    "lease",
                    "see the log of its script; if it does not start again, set the status with "
                    f"'ska-sdp update pb-state {pb_id}{self._option}'",
                )

    def unlinked_blocks(self) -> Iterator[Finding]:
        """Yield the execution blocks that are ACTIVE and that no subarray links."""
        linked = {snapshot.eb_id for snapshot in self._subarrays}
        for eb_id in self._active:
            if eb_id not in linked:
                advice = f"end it with 'ska-sdp end eb {eb_id}{self._option}'"
                yield Finding(f"eb {eb_id}", "warning", "it is ACTIVE in no subarray", advice)

    def unknown_statuses(self) -> Iterator[Finding]:
        """Yield the statuses that no program of the SDP is known to write."""
        for path, status, kind in self._unknown:
            known = ", ".join(KNOWN_STATUSES[kind])
            yield Finding(
                path,
                "warning",
                f"its status {status!r} is unknown",
                f"correct it with 'ska-sdp edit {path}' if no newer program has written it; "
                f"known are {known}",
            )

    def orphaned_states(self) -> Iterator[Finding]:
        """Yield the states without the object that they belong to."""
        for kind, paths in self._paths.items():
            root = kind.path(self._prefix)
            for path in sorted(paths):
                owner, _, part = path.partition("/")
                if part == "state" and owner not in paths:
                    yield Finding(
                        root + path,
                        "warning",
                        f"the {kind.name} {owner} of this state does not exist",
                        f"delete it with 'ska-sdp delete {root}{path}'",
                    )

    def _read(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return texts by path, both without the prefix."""
        paths = list(paths)
        found = self._txn.get_many([self._prefix + path for path in paths])
        return {path: found[self._prefix + path] for path in paths}

    def _survey(self) -> None:
        """Read all states, and the execution blocks; keep what there is to report."""
        for kind in KNOWN_STATUSES:
            root = kind.path(self._prefix)
            # The status of an execution block is in the block itself.
            for path, text in self._txn.peek_values(root, [0] if kind is EB else [1]):
                key, _, part = path[len(root) :].partition("/")
                if part == ("" if kind is EB else "state"):
                    self._note(kind, path, key, read_document(text)[0] or {})

    def _note(self, kind: SdpObject, path: str, key: str, document: Mapping[str, Any]) -> None:
        status = document.get("status")
        if kind is EB and eb_status(document) == "ACTIVE":
            self._active.append(key)
        if kind is PB and status == "FAILED":
            reason = ProcessingBlock.read(key, False, None, document).reason
            self._failed.append((str(document.get("last_updated", "")), key, reason))
        if kind is PB and status in PB_AT_WORK:
            self._at_work.append((key, str(status)))
        if status is not None and status not in KNOWN_STATUSES[kind] + OLD_STATUSES.get(kind, ()):
            self._unknown.append((path, status, kind))


def _relative(paths: Iterable[str], kind: SdpObject, prefix: str) -> set[str]:
    """Return the paths of a kind relative to its root, such as ``pb-x`` and ``pb-x/state``."""
    root = kind.path(prefix)
    return {path[len(root) :] for path in paths if path.startswith(root)}
