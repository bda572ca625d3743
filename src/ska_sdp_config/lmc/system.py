"""Controller attributes of the whole system: components, subarrays, blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.blocks import ProcessingBlock, script_of
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.entry import stored_name
from ska_sdp_config.lmc.health import Fault, offline_component, unreadable
from ska_sdp_config.lmc.observe import observed_obs_state
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.statuses import PB_ENDED, eb_status
from ska_sdp_config.lmc.storage import free_space_mb
from ska_sdp_config.lmc.view import View, json_text

__all__ = ["ControllerView", "System", "derive_system"]


@dataclass(frozen=True)
class System:
    """Documents that the controller's attributes depend on, at one revision.

    Attributes:
        revision: revision of the database.
        documents: the controller's entry, all owners of components, all subarrays, execution
            blocks, processing blocks and their states, the resource of the capacity buffer and its
            state, by path.
        unreadable: paths whose text is not a JSON object.
    """

    revision: int
    documents: Mapping[str, Json]
    unreadable: tuple[str, ...] = ()

    @cached_property
    def _groups(self) -> Mapping[tuple[str, str], Mapping[str, Json]]:
        # One pass: there may be tens of thousands of documents.
        groups: defaultdict[tuple[str, str], dict[str, Json]] = defaultdict(dict)
        for path, document in self.documents.items():
            _, *parts = path.split("/")
            if parts[0] == "lmc":
                parts = parts[1:]
            if len(parts) in (2, 3):
                kind, name, *leaf = parts
                groups[kind, leaf[0] if leaf else ""][name] = document
        return groups

    def all_of(self, kind: str, leaf: str = "") -> Mapping[str, Json]:
        """Return every document of a kind by name.

        Args:
            kind: ``component``, ``subarray``, ``eb`` or ``pb``.
            leaf: ``state`` or ``owner``, empty for the entity itself.
        """
        return self._groups.get((kind, leaf), {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerView(View):
    """Values that the controller publishes.

    Attributes:
        components: components that are expected or alive; JSON.
        capacity_buffer_storage: free space of the buffer in MB, -1 if unknown.
        subarrays: state of each subarray; JSON.
        execution_blocks: active execution blocks; JSON.
        processing_blocks: processing blocks that have not ended; JSON.
    """

    components: str
    capacity_buffer_storage: int
    subarrays: str
    execution_blocks: str
    processing_blocks: str


def derive_system(system: System, settings: ModelSettings) -> ControllerView:
    """Derive the view of the controller."""
    entry = ControllerEntry.read(system.documents.get(paths.CONTROLLER))
    return ControllerView(
        revision=system.revision,
        command_count=entry.command_count,
        state=entry.shown_state,
        admin_mode=entry.admin_mode,
        faults=tuple(_faults(system, entry, settings)),
        components=json_text(_components(system, settings)),
        capacity_buffer_storage=free_space_mb(system.documents, settings.storage_key),
        subarrays=json_text(_subarrays(system)),
        execution_blocks=json_text(_execution_blocks(system)),
        processing_blocks=json_text(_processing_blocks(system)),
    )


def _components(system: System, settings: ModelSettings) -> Json:
    owners = system.all_of("component", "owner")
    offline = {name: {"status": "OFFLINE"} for name in settings.components if name not in owners}
    online = {name: {**owner, "status": "ONLINE"} for name, owner in owners.items()}
    return {**offline, **online}


def _subarrays(system: System) -> Json:
    owners = system.all_of("component", "owner")
    return {
        subarray_id: {
            "state": snapshot.state.name,
            "obsState": observed_obs_state(snapshot).name,
            "eb_id": snapshot.eb_id,
            "online": paths.component_of_subarray(subarray_id) in owners,
        }
        for subarray_id in system.all_of("subarray")
        for snapshot in [
            Snapshot(system.revision, subarray_id, system.documents, system.unreadable)
        ]
    }


def _execution_blocks(system: System) -> Json:
    return {
        eb_id: {
            "status": "ACTIVE",
            "subarray_id": eb.get("subarray_id"),
            "scan_type": eb.get("current_scan_type"),
            "scan_id": eb.get("scan_id"),
        }
        for eb_id, eb in system.all_of("eb").items()
        # A damaged block may not be active.
        if eb_status(eb) == "ACTIVE" and paths.execution_block(eb_id) not in system.unreadable
    }


def _processing_blocks(system: System) -> Json:
    states = system.all_of("pb", "state")
    blocks = {
        pb_id: (pb, ProcessingBlock.read(pb_id, False, pb, states.get(pb_id)).status)
        for pb_id, pb in system.all_of("pb").items()
    }
    return {
        pb_id: {
            "status": status,
            "eb_id": pb.get("eb_id"),
            "script": ":".join(script_of(pb).values()),
        }
        for pb_id, (pb, status) in blocks.items()
        if status not in PB_ENDED
    }


def _faults(system: System, entry: ControllerEntry, settings: ModelSettings) -> Iterator[Fault]:
    owners = system.all_of("component", "owner")
    for name in settings.components:
        if name not in owners:
            yield offline_component(name)
    if entry.damaged:
        document = system.documents.get(paths.CONTROLLER) or {}
        names = ", ".join(stored_name(document, name) for name in entry.damaged)
        text = f"{paths.CONTROLLER} has invalid fields: {names}"
        yield Fault("entry", text, about=paths.CONTROLLER)
    yield from map(unreadable, system.unreadable)
