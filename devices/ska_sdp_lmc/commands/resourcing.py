"""AssignResources, ReleaseResources and ReleaseAllResources."""

from __future__ import annotations

from collections.abc import Sequence

from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.blocks import has_kind, script_of
from ska_sdp_config.lmc.new_eb import new_eb_fields
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import Json, ObsState
from ska_sdp_lmc.commands.documents import read_list
from ska_sdp_lmc.commands.resources import merge, subtract
from ska_sdp_lmc.commands.write_builder import WriteBuilder
from ska_sdp_lmc.messages.internal import AssignResources, ReleaseResources

__all__ = ["assign_resources", "message_paths", "release_all_resources", "release_resources"]

_PROGRESS_FIELDS = ("pb_receive_addresses", "current_scan_type", "scan_id", "scans", "status")
"""Fields that a message cannot give, as they are the progress of the observation."""


def message_paths(message: AssignResources) -> list[str]:
    """Return the paths of the entities that a message creates, to read them in one round trip."""
    found = [paths.processing_block(pb["pb_id"]) for pb in message.processing_blocks]
    if message.execution_block is not None:
        eb_path = paths.execution_block(message.execution_block["eb_id"])
        found += [eb_path, paths.state_of(eb_path)]
    return found


def assign_resources(builder: WriteBuilder, message: AssignResources) -> None:
    """Assign resources, create an execution block and processing blocks."""
    snapshot = builder.snapshot
    pbs = message.processing_blocks
    _reject_existing(snapshot, message)
    eb = None
    if message.execution_block is None:
        if builder.obs_state is ObsState.EMPTY:
            raise rejections.NO_BLOCK_GIVEN.rejection()
        if pbs:
            eb = builder.require_active_eb()
    if pbs and not all(map(snapshot.is_online, builder.settings.required_components)):
        raise rejections.COMPONENTS_OFFLINE.rejection()
    if message.resources is not None:
        builder.assign(merge(builder.resources, message.resources))
    if message.execution_block is not None:
        eb_id = message.execution_block["eb_id"]
        # A block that another program has ended is still linked. It keeps its own status.
        builder.end_eb("FINISHED")
        builder.create_eb(eb_id, _new_eb(builder, message.execution_block, pbs))
        _create_pbs(builder, eb_id, pbs)
    elif eb is not None and snapshot.eb_id is not None:
        realtime, batch = _ids_by_kind(pbs)
        builder.update_eb(
            pb_realtime=[*read_list(eb, "pb_realtime"), *realtime],
            pb_batch=[*read_list(eb, "pb_batch"), *batch],
        )
        _create_pbs(builder, snapshot.eb_id, pbs)


def release_resources(builder: WriteBuilder, message: ReleaseResources) -> None:
    """Release some resources; if none remain, do the same as ReleaseAllResources."""
    remaining = subtract(builder.resources, message.resources)
    builder.assign(remaining)
    if not remaining:
        release_all_resources(builder)


def release_all_resources(builder: WriteBuilder) -> None:
    """Release all resources and finish the execution block."""
    builder.assign({})
    builder.end_eb("FINISHED")
    builder.set_target(ObsState.EMPTY)


def _reject_existing(snapshot: Snapshot, message: AssignResources) -> None:
    eb = message.execution_block
    if eb is not None:
        path = paths.execution_block(eb["eb_id"])
        # An orphaned state is replaced, unless it is damaged: that would hide the damage.
        if snapshot.exists(path) or snapshot.is_damaged(paths.state_of(path)):
            raise rejections.BLOCK_EXISTS.rejection(eb_id=eb["eb_id"])
    named: set[str] = set()
    for pb in message.processing_blocks:
        pb_id = pb["pb_id"]
        if pb_id in named or snapshot.exists(paths.processing_block(pb_id)):
            raise rejections.PROCESSING_BLOCK_EXISTS.rejection(pb_id=pb_id)
        named.add(pb_id)
    if eb is not None and snapshot.eb_id is not None and snapshot.eb_status == "ACTIVE":
        raise rejections.BLOCK_STILL_ACTIVE.rejection(eb_id=snapshot.eb_id)


def _new_eb(builder: WriteBuilder, eb: Json, pbs: Sequence[Json]) -> Json:
    realtime, batch = _ids_by_kind(pbs)
    given = {
        name: value
        for name, value in eb.items()
        if value is not None and name not in _PROGRESS_FIELDS
    }
    return {
        **new_eb_fields(),
        **given,
        "key": eb["eb_id"],
        "resources": builder.resources,
        "pb_realtime": realtime,
        "pb_batch": batch,
        "subarray_id": builder.snapshot.subarray_id,
    }


def _ids_by_kind(pbs: Sequence[Json]) -> tuple[list[str], list[str]]:
    realtime = [pb["pb_id"] for pb in pbs if has_kind(pb, "realtime")]
    return realtime, [pb["pb_id"] for pb in pbs if pb["pb_id"] not in realtime]


def _create_pbs(builder: WriteBuilder, eb_id: str, pbs: Sequence[Json]) -> None:
    for pb in pbs:
        document = {
            **pb,
            "key": pb["pb_id"],
            "eb_id": eb_id,
            "script": dict(script_of(pb)),
            "parameters": pb.get("parameters") or {},
            "dependencies": list(pb.get("dependencies") or []),
        }
        builder.create_pb(pb["pb_id"], document)
