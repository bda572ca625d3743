"""Past of a subarray, read from etcd's history."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ska_sdp_config import Config
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_web import past as module
from ska_sdp_web.documents import timeline as timelines
from ska_sdp_web.documents.timeline import MAX_ITEMS, Timeline
from ska_sdp_web.past import Past, read_past
from tests.support.backends import compact
from tests.web.conftest import Write

PREFIX = "/past"
EB, PB = "eb-past-20260131-00001", "pb-past-20260131-00001"


def entry(**fields: object) -> dict[str, object]:
    return {"state_commanded": "ON", **fields}


def revision_of(config: Config) -> int:
    return config.backend.store.read([], timeout=config.backend.store.timeout).revision


def read(config: Config, subarray_id: str, prefix: str = "") -> Past:
    return read_past(config.backend.store, prefix, subarray_id, revision_of(config))


def states(past: Past) -> list[str]:
    return [item["text"] for item in past.items if item["kind"] == "obs_state"]


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_past_follows_blocks_that_are_linked_later(
    config: Config, write: Write, prefix: str
) -> None:
    """A block that existed before the subarray linked it fails, and is acknowledged."""
    path = f"{prefix}/lmc/subarray/05"
    pb = f"{prefix}/pb/{PB}"
    write({pb: {"pb_id": PB}, f"{pb}/state": {"status": "RUNNING", "resources_available": True}})
    write({f"{prefix}/eb/{EB}": {"eb_id": EB, "status": "ACTIVE", "pb_realtime": [PB]}})
    write({path: entry()})
    linked = entry(eb_id=EB, obs_state_commanded="IDLE", reached=True, command_count=1)
    write({path: linked})
    write({f"{pb}/state": {"status": "FAILED", "reason": "no disk is left"}})
    write({path: {**linked, "acknowledged": [PB], "command_count": 2}})
    write({f"{prefix}/pb/another/state": {"status": "FAILED"}})
    write({path: None})
    past = read(config, "05", prefix)
    assert states(past) == ["EMPTY", "IDLE", "FAULT", "IDLE", ""]
    (fault,) = (item for item in past.items if item["text"] == "FAULT")
    assert "no disk is left" in fault["detail"]
    assert past.begin.revision == 1
    assert not past.begin.is_compacted


def test_past_is_limited_to_the_newest_revisions(
    config: Config, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/lmc/subarray/06"
    for state in ("EMPTY", "IDLE", "READY", "SCANNING"):
        write({path: entry(obs_state_commanded=state)})
    monkeypatch.setattr(module, "MAX_REVISIONS", 2)
    past = read(config, "06")
    assert states(past) == ["IDLE", "READY", "SCANNING"]
    assert past.begin.revision == revision_of(config) - 2
    assert not past.begin.is_compacted


def test_past_begins_at_the_last_compaction(config: Config, write: Write) -> None:
    path = "/lmc/subarray/07"
    for state in ("EMPTY", "IDLE", "READY"):
        write({path: entry(obs_state_commanded=state, last_command_time="2026-01-31T12:00:00Z")})
    compact(config.backend, revision_of(config) - 1)
    write({path: entry(obs_state_commanded="SCANNING")})
    past = read(config, "07")
    assert states(past) == ["IDLE", "READY", "SCANNING"]
    assert past.begin.is_compacted
    # The first value has a time, which may be from long before the compaction.
    assert past.items[0]["time"] is not None
    assert past.begin.time is None


def test_past_that_is_late_is_given_up(
    config: Config, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/lmc/subarray/08"
    for state in ("EMPTY", "IDLE"):
        write({path: entry(obs_state_commanded=state)})
    monkeypatch.setattr(module, "MAX_SECONDS", 0.0)
    with pytest.raises(ConfigConnectionError, match="in time"):
        read(config, "08")


@pytest.mark.parametrize("eb_id", ["", "/", "a/b", "a\0b", "..", "x" * 2000])
def test_past_with_any_link_is_read(config: Config, write: Write, eb_id: str) -> None:
    write({"/lmc/subarray/09": entry(eb_id=eb_id)})
    write({"/lmc/subarray/09": "no JSON"})
    assert states(read(config, "09"))


def test_past_with_too_many_items_begins_at_the_first_that_is_kept(
    config: Config, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/lmc/subarray/10"
    for state in ("EMPTY", "IDLE", "READY", "SCANNING"):
        write({path: entry(obs_state_commanded=state)})
    monkeypatch.setattr(module, "MAX_ITEMS", 2)
    past = read(config, "10")
    assert len(past.items) == 2
    assert past.begin.is_cut
    assert past.begin.revision == past.items[0]["revision"] > 1


def test_past_with_as_many_items_as_are_kept_is_whole(
    config: Config, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/lmc/subarray/11"
    for state in ("EMPTY", "IDLE", "READY", "SCANNING"):
        write({path: entry(obs_state_commanded=state)})
    whole = read(config, "11")
    monkeypatch.setattr(module, "MAX_ITEMS", len(whole.items))
    assert read(config, "11") == whole
    assert not whole.begin.is_cut


def test_timeline_keeps_the_newest_items(config: Config) -> None:
    item = {"revision": 1, "time": None, "kind": "scan", "text": "", "detail": ""}
    past = read(config, "never")
    assert past.items == []
    timeline = Timeline(None, 1, datetime.now(timezone.utc))
    timeline.set_past(past.begin, [{**item, "revision": each} for each in range(MAX_ITEMS + 5)])
    document = timeline.document()
    items, begins = document["items"], document["begins"]
    assert len(items) == MAX_ITEMS
    assert items[-1]["revision"] == MAX_ITEMS + 4
    # What is left out ends where the items begin.
    assert (begins["is_cut"], begins["revision"], begins["time"]) == (True, 5, None)


@pytest.mark.parametrize(("kept", "is_cut", "begin"), [(3, False, 1), (2, True, 2)])
def test_timeline_is_cut_at_the_first_live_item_too_many(
    monkeypatch: pytest.MonkeyPatch, kept: int, is_cut: bool, begin: int
) -> None:
    monkeypatch.setattr(timelines, "MAX_ITEMS", kept)
    now = datetime.now(timezone.utc)
    timeline = Timeline(None, 1, now)
    timeline.update(Snapshot(2, "01", {}), 2, now)
    timeline.update(None, 3, now)
    document = timeline.document()
    kinds = [(item["revision"], item["kind"]) for item in document["items"]]
    assert kinds == [(2, "obs_state"), (2, "health"), (3, "obs_state")][-kept:]
    begins = document["begins"]
    assert (begins["is_cut"], begins["revision"]) == (is_cut, begin)
