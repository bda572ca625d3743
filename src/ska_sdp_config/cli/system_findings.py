"""Findings of ``doctor`` on the stored subarrays, blocks and states."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ska_sdp_config.cli.advice import (
    way_out_of_pb,
    way_to_delete,
    way_to_edit,
    way_to_end,
    way_to_see_pb,
)
from ska_sdp_config.cli.objects import EB, PB
from ska_sdp_config.cli.output import Finding
from ska_sdp_config.cli.statuses import KNOWN_STATUSES
from ska_sdp_config.cli.system_survey import Survey
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.rows import SubarrayRow, causes_of_fault, subarray_row

__all__ = ["MAX_FINDINGS", "find_system_faults"]

MAX_FINDINGS = 10
"""Maximum number of findings of each kind."""


def find_system_faults(survey: Survey, prefix: str) -> Iterator[Finding]:
    """Yield a finding for each fault, at most ten of a kind; without a fault a single ``ok``."""
    # A device that is offline is another finding.
    rows = [subarray_row(snapshot, is_online=True) for snapshot in survey.subarrays]
    causes = causes_of_fault(rows)
    kinds = (
        (_subarrays_in_fault(rows), "subarrays are in FAULT"),
        (_failed_blocks(survey, causes, prefix), "processing blocks are FAILED"),
        (_abandoned_blocks(survey, prefix), "processing blocks are at work without an owner"),
        (_unlinked_blocks(survey, prefix), "execution blocks are ACTIVE without a subarray"),
        (_unknown_statuses(survey, prefix), "statuses are unknown"),
        (_orphaned_states(survey, prefix), "states are orphaned"),
    )
    is_sound = True
    for findings, what in kinds:
        for finding in _limit(list(findings), what):
            is_sound = False
            yield finding
    if is_sound:
        text = (
            f"no fault in {len(survey.subarrays)} subarrays, {survey.count(EB)} execution "
            f"blocks and {survey.count(PB)} processing blocks"
        )
        yield Finding("system", "ok", text)


def _limit(findings: Sequence[Finding], what: str) -> Iterator[Finding]:
    yield from findings[:MAX_FINDINGS]
    if len(findings) > MAX_FINDINGS:
        text = f"{len(findings) - MAX_FINDINGS} more {what}"
        advice = "follow the advice above, then run doctor again"
        yield Finding("system", findings[0].verdict, text, advice)


def _subarrays_in_fault(rows: Iterable[SubarrayRow]) -> Iterator[Finding]:
    for row in rows:
        causes = [fault for fault in row.faults if fault.way_out]
        if causes:
            reasons = "; ".join(fault.text for fault in causes)
            yield Finding(
                f"subarray {row.subarray_id}",
                "fault",
                f"it is in FAULT: {reasons}",
                f"correct the cause, then {causes[0].way_out}",
            )


def _failed_blocks(survey: Survey, causes: Collection[str], prefix: str) -> Iterator[Finding]:
    """Yield the processing blocks that are FAILED and no cause of FAULT, the newest first."""
    for failed in sorted(survey.failed, reverse=True):
        if not _exists(survey, failed.pb_id) or paths.processing_block(failed.pb_id) in causes:
            continue
        advice = (
            f"see '{way_to_see_pb(failed.pb_id, prefix)}' and the log of its script; end the "
            f"failure with: {way_out_of_pb(failed.pb_id, prefix)}"
        )
        yield Finding(f"pb {failed.pb_id}", "warning", f"it is FAILED: {failed.reason}", advice)


def _exists(survey: Survey, pb_id: str) -> bool:
    """Return whether a processing block exists; another finding reports a state without one."""
    return pb_id in survey.paths[PB]


def _abandoned_blocks(survey: Survey, prefix: str) -> Iterator[Finding]:
    """Yield the processing blocks at work that have no live owner."""
    for pb_id, status in survey.at_work.items():
        if _exists(survey, pb_id) and f"{pb_id}/owner" not in survey.paths[PB]:
            command = way_to_edit(f"{PB.path(prefix, pb_id)}/state", prefix, force=False)
            yield Finding(
                f"pb {pb_id}",
                "warning",
                f"it is {status}, but no process owns it: its script has ended or lost its lease",
                "see the log of its script; if it does not start again, set the status with "
                f"'{command}'",
            )


def _unlinked_blocks(survey: Survey, prefix: str) -> Iterator[Finding]:
    """Yield the execution blocks that are ACTIVE and that no subarray links."""
    linked = {snapshot.eb_id for snapshot in survey.subarrays}
    for eb_id in survey.active:
        if eb_id not in linked:
            advice = f"end it with '{way_to_end(eb_id, prefix)}'"
            yield Finding(f"eb {eb_id}", "warning", "it is ACTIVE in no subarray", advice)


def _unknown_statuses(survey: Survey, prefix: str) -> Iterator[Finding]:
    for unknown in survey.unknown:
        command = way_to_edit(unknown.path, prefix, force=False)
        yield Finding(
            unknown.path,
            "warning",
            f"its status {unknown.status!r} is unknown",
            f"correct it with '{command}' if no newer program has written it; "
            f"known are {', '.join(KNOWN_STATUSES[unknown.kind])}",
        )


def _orphaned_states(survey: Survey, prefix: str) -> Iterator[Finding]:
    """Yield the states without the object that they belong to."""
    for kind, found in survey.paths.items():
        for path in sorted(found):
            key, _, part = path.partition("/")
            if part == "state" and key not in found:
                whole = kind.path(prefix, path)
                yield Finding(
                    whole,
                    "warning",
                    f"the {kind.name} {key} of this state does not exist",
                    f"delete it with '{way_to_delete(whole, prefix)}'",
                )
