"""Derivation of a subarray's view by an observer of the database, equal to that of its device.

An observer has no clock and no settings of its own. It derives with the settings in the subarray's
entry, and as of the last command: an expired timeout shows once the server has written it to
``errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone

from ska_sdp_config.lmc.derive import SubarrayView, derive, obs_state
from ska_sdp_config.lmc.settings import ModelSettings, read_settings
from ska_sdp_config.lmc.snapshot import Snapshot, read_document, required_paths
from ska_sdp_config.lmc.states import Json, ObsState

__all__ = ["observe", "observed_obs_state", "read_snapshot"]

_NEVER = datetime.min.replace(tzinfo=timezone.utc)
"""Time of the last command of a subarray without commands, which waits for nothing."""


def observe(snapshot: Snapshot) -> SubarrayView:
    """Derive the view of a subarray from its documents alone."""
    return derive(snapshot, _time(snapshot), _settings(snapshot))


def observed_obs_state(snapshot: Snapshot) -> ObsState:
    """Derive only the obsState of ``observe``."""
    return obs_state(snapshot, _time(snapshot), _settings(snapshot))


def read_snapshot(
    subarray_id: str,
    revision: int,
    read: Callable[[Iterable[str]], Mapping[str, str | None]],
    parse: Callable[[str, str | None], tuple[Json | None, bool]] = lambda _, text: read_document(
        text
    ),
) -> Snapshot:
    """Read the snapshot of a subarray.

    Args:
        subarray_id: the subarray, such as ``01``.
        revision: revision of the database at which ``read`` reads.
        read: returns the texts at several paths, None where there is none. It is called at most
            four times, as documents name others.
        parse: ``read_document`` for the text at a path, which may keep its results.
    """
    documents: dict[str, Json] = {}
    unreadable: list[str] = []
    known: set[str] = set()
    snapshot = Snapshot(revision, subarray_id, documents)
    while True:
        components = _settings(snapshot).required_components
        missing = [
            path
            for path in required_paths(subarray_id, components, documents)
            if path not in known
        ]
        if not missing:
            return snapshot
        for path, text in read(missing).items():
            known.add(path)
            document, is_readable = parse(path, text)
            if document is not None:
                documents[path] = document
            if not is_readable:
                unreadable.append(path)
        snapshot = Snapshot(revision, subarray_id, documents, tuple(unreadable))


def _settings(snapshot: Snapshot) -> ModelSettings:
    return read_settings(snapshot.entry.settings)


def _time(snapshot: Snapshot) -> datetime:
    return snapshot.entry.last_command_time or _NEVER
