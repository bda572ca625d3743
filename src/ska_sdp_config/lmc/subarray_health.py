"""Faults of a subarray that the database shows."""

from __future__ import annotations

from collections.abc import Iterator

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.entry import SUBARRAY
from ska_sdp_config.lmc.health import Fault, offline_component, unreadable
from ska_sdp_config.lmc.readiness import timeout_since
from ska_sdp_config.lmc.receive_addresses import read_receive_addresses
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.times import read_time

__all__ = ["find_faults"]

_RESOURCED = (ObsState.IDLE, ObsState.READY, ObsState.SCANNING)
_CONFIGURED = (ObsState.READY, ObsState.SCANNING)


def find_faults(
    snapshot: Snapshot,
    obs_state: ObsState,
    errors: dict[str, str],
    settings: ModelSettings,
) -> tuple[Fault, ...]:
    """Return all faults of the subarray, the causes of FAULT first.

    Args:
        snapshot: documents of the subarray.
        obs_state: derived obsState.
        errors: errors by processing block ID or ``subarray``.
        settings: settings of the subarray's server.
    """
    causes = snapshot.failures
    failed = {pb.pb_id for pb in causes}
    others = [pb for pb in snapshot.pbs.values() if pb.pb_id not in failed]
    return (
        *(_error(snapshot, key, text, settings) for key, text in errors.items()),
        *(fault for pb in causes for fault in _of_processing_block(pb, obs_state)),
        *_of_components(snapshot, settings),
        *_of_execution_block(snapshot),
        *(fault for pb in others for fault in _of_processing_block(pb, obs_state)),
        *_of_addresses(snapshot),
        *map(unreadable, snapshot.unreadable),
    )


def _error(snapshot: Snapshot, key: str, text: str, settings: ModelSettings) -> Fault:
    is_own = key == SUBARRAY
    path = paths.subarray(snapshot.subarray_id) if is_own else paths.processing_block(key)
    return Fault(f"error {key}", text, timeout_since(snapshot, text, settings), path)


def _of_components(snapshot: Snapshot, settings: ModelSettings) -> Iterator[Fault]:
    for name in settings.required_components:
        if not snapshot.is_online(name):
            yield offline_component(name)


def _of_execution_block(snapshot: Snapshot) -> Iterator[Fault]:
    eb_id, status = snapshot.eb_id, snapshot.eb_status
    if eb_id is None or snapshot.is_damaged(paths.execution_block(eb_id)):
        return
    if status != "ACTIVE":
        since = read_time((snapshot.eb or {}).get("last_updated"))
        text = f"Execution block {eb_id} is {status}: it was ended by another program"
        yield Fault(f"eb {eb_id}", text, since, paths.execution_block(eb_id))


def _of_processing_block(pb: ProcessingBlock, obs_state: ObsState) -> Iterator[Fault]:
    if pb.failed:
        yield _fault(pb, "failed", f"Processing block {pb.pb_id} is FAILED: {pb.reason}")
    elif not pb.exists:
        yield Fault(
            f"pb {pb.pb_id} missing",
            f"Processing block {pb.pb_id} is missing",
            about=paths.processing_block(pb.pb_id),
        )
    elif pb.status in ("CANCELLING", "CANCELLED"):
        yield _fault(pb, "cancelled", f"Processing block {pb.pb_id} is {pb.status}")
    elif pb.realtime:
        # A block that is not ready is a fault only after the wait for it is over.
        if obs_state in _RESOURCED and not pb.resourced:
            yield _fault(pb, "resources", f"Processing block {pb.pb_id} has lost its resources")
        elif obs_state in _CONFIGURED and not pb.configured:
            yield _fault(pb, "readiness", f"Processing block {pb.pb_id} has lost its readiness")


def _of_addresses(snapshot: Snapshot) -> Iterator[Fault]:
    pb = snapshot.receive_pb
    if pb is None or not pb.has_receive_addresses:
        return
    for number, text in enumerate(read_receive_addresses(pb.state["receive_addresses"])):
        yield Fault(
            f"addresses {pb.pb_id} {number}",
            f"receiveAddresses of {pb.pb_id}: {text}",
            about=paths.processing_block(pb.pb_id),
        )


def _fault(pb: ProcessingBlock, kind: str, text: str) -> Fault:
    path = paths.processing_block(pb.pb_id)
    return Fault(f"pb {pb.pb_id} {kind}", text, pb.last_updated, path)
