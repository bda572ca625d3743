"""Values that any program may store: each topic is derived all the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ska_sdp_config.live.received import Everything, Received, Write
from ska_sdp_web import model as model_module
from ska_sdp_web.model import Model, Update
from ska_sdp_web.topics import Topic
from tests.support.fault_scene import DEPLOYMENT, EB, FAILED, WAITING
from tests.support.hostile_values import FLOW, OBJECTS, PATHS, TEXTS, stored_scene

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

TOPICS = (
    Topic("overview"),
    Topic("subarray", "01"),
    Topic("pb", FAILED),
    Topic("pb", WAITING),
    Topic("eb", EB),
    Topic("deployment", DEPLOYMENT),
    Topic("flow", FLOW),
    Topic("pbs"),
    Topic("deployments"),
    Topic("flows"),
    Topic("log"),
)


@pytest.fixture(autouse=True)
def _errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a derivation that fails fail the test; the server logs it."""

    def fail(*arguments: object) -> None:
        raise

    monkeypatch.setattr(model_module.LOGGER, "exception", fail)


def model_of(texts: dict[str, str]) -> Model:
    model = Model()
    model.apply([Everything(texts, 1)], NOW)
    model.follow(TOPICS, NOW)
    for topic in TOPICS:
        model.whole(topic, NOW)
    while model.is_incomplete:
        model.advance(NOW)
    return model


def parse(update: Update | None) -> None:
    """Check that the data of a message are one line of JSON."""
    assert update is not None
    *events, rest = update.text.decode("utf-8").split("\n\n")
    assert rest == ""
    for event in events:
        kind, data = event.split("\n")
        assert kind in ("event: whole", "event: rows", "event: gone")
        json.loads(data.removeprefix("data: "))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PATHS), TEXTS, st.none() | OBJECTS), min_size=1, max_size=4)
)
def test_every_topic_is_derived_from_any_values(
    writes: list[tuple[str, str | None, dict[str, object] | None]],
) -> None:
    texts = stored_scene()
    model = model_of(texts)
    received: list[Received] = []
    for revision, (path, text, fields) in enumerate(writes, 2):
        if fields is not None and path in texts:
            # One wrong field among valid ones reaches further than a wrong value.
            text = json.dumps({**json.loads(texts[path]), **fields})
        received.append(Write(path, text, revision))
    for update in model.apply(received, NOW):
        parse(update)
    for topic in TOPICS:
        parse(model.whole(topic, NOW))


KEYS = ("/", "//", "/pb", "/pb/", "/pb//", "/pb//state", "/pb/a/b/c", "/lmc/subarray/", "x")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(KEYS) | st.text(max_size=12).map("/pb/{}".format), max_size=4))
def test_every_topic_is_derived_with_any_keys(paths: Iterable[str]) -> None:
    model = model_of(stored_scene())
    for update in model.apply([Write(path, "[]", 2) for path in paths], NOW):
        parse(update)
    for topic in TOPICS:
        parse(model.whole(topic, NOW))
