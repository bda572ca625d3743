"""Documents of followed topics: what is derived, shared and reported as failed."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from ska_sdp_config.live.received import Everything, Write
from ska_sdp_web import model as module
from ska_sdp_web.documents.table import ROWS_PER_PART
from ska_sdp_web.model import Model
from ska_sdp_web.topics import Topic
from tests.support.fault_scene import FAILED, fault_scene

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

SUBARRAY, OVERVIEW, PBS = Topic("subarray", "01"), Topic("overview"), Topic("pbs")


@pytest.fixture
def model() -> Model:
    texts = {path: json.dumps(document) for path, document in fault_scene().items()}
    model = Model()
    model.apply([Everything(texts, 1)], NOW)
    return model


def write(model: Model, path: str, document: object, revision: int = 2) -> list[Topic]:
    updates = model.apply([Write(path, json.dumps(document), revision)], NOW)
    return [update.topic for update in updates]


def test_change_that_concerns_no_followed_topic_sends_nothing(model: Model) -> None:
    model.follow((SUBARRAY, OVERVIEW, Topic("pb", FAILED)), NOW)
    assert write(model, "/script/batch:x:1", {}) == []
    assert write(model, "/pb/another", {}) == [OVERVIEW]
    assert write(model, f"/pb/{FAILED}/state", {"status": "FINISHED"}) == [
        SUBARRAY,
        OVERVIEW,
        Topic("pb", FAILED),
    ]


def test_topic_without_followers_is_not_derived(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.follow([OVERVIEW], NOW)
    model.unfollow(OVERVIEW)
    monkeypatch.setattr(module, "overview_document", None)
    assert write(model, "/pb/another", {}) == []


def test_viewers_of_a_table_share_one_message(model: Model) -> None:
    model.follow([PBS], NOW)
    while model.is_incomplete:
        model.advance(NOW)
    one, other = model.whole(PBS, NOW), model.whole(PBS, NOW)
    assert one is not None
    assert one is other
    write(model, "/pb/another", {})
    assert model.whole(PBS, NOW) is not one


def test_large_table_comes_in_parts(model: Model) -> None:
    for number in range(ROWS_PER_PART + 1):
        write(model, f"/pb/pb-{number}", {}, 2 + number)
    model.follow([PBS], NOW)
    while model.is_incomplete:
        updates = model.advance(NOW)
    (update,) = updates
    first, second, end = update.text.decode().split("\n\n")
    assert (first[:12], second[:11], end) == ("event: whole", "event: rows", "")
    whole = json.loads(first.partition("data: ")[2])["data"]
    rows = json.loads(second.partition("data: ")[2])["rows"]
    assert len(whole["rows"]) == ROWS_PER_PART
    assert whole["rows"].keys() & rows.keys() == set()


def test_topic_that_cannot_be_derived_is_failed_and_not_gone(
    model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model.follow([OVERVIEW], NOW)
    with monkeypatch.context() as patch:
        patch.setattr(module, "overview_document", None)
        for number in range(3):
            updates = model.apply([Write("/pb/another", str(number), 2 + number)], NOW)
            failed = [update.text for update in updates]
            assert all(text.startswith(b"event: failed\n") for text in failed)
            # Once, and not at each change.
            assert len(failed) == (1 if number == 0 else 0)
    assert len(caplog.records) == 1
    (update,) = model.apply([Write("/pb/another", "{}", 9)], NOW)
    assert update.text.startswith(b"event: whole\n")


def test_past_is_requested_only_for_a_subarray_that_exists() -> None:
    requested: list[tuple[str, int]] = []
    model = Model(on_timeline=lambda subarray_id, last: requested.append((subarray_id, last)))
    texts = {path: json.dumps(document) for path, document in fault_scene().items()}
    model.apply([Everything(texts, 7)], NOW)
    for key in ("01", "01", "missing"):
        model.follow([Topic("subarray", key)], NOW)
    assert requested == [("01", 7)]
    assert model.awaits_past("01", 7)
    for _ in range(2):
        model.unfollow(SUBARRAY)
    assert not model.awaits_past("01", 7)


def test_failure_of_a_viewer_leaves_the_topics_of_others(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.follow([OVERVIEW], NOW)
    monkeypatch.setattr(module, "Timeline", None)
    with pytest.raises(TypeError):
        model.follow([SUBARRAY, OVERVIEW], NOW)
    for topic in (SUBARRAY, OVERVIEW):
        model.unfollow(topic)
    assert write(model, "/pb/another", {}) == [OVERVIEW]
