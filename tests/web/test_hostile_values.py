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
from tests.support.fault_scene import DEPLOYMENT, EB, FAILED, WAITING, fault_scene

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

FLOW = f"{FAILED}:data-product:vis"

PATHS = (
    "/lmc/controller",
    "/lmc/subarray/01",
    "/component/lmc-controller/owner",
    "/component/proccontrol/owner",
    f"/eb/{EB}",
    f"/eb/{EB}/state",
    f"/pb/{FAILED}",
    f"/pb/{FAILED}/state",
    f"/pb/{FAILED}/owner",
    f"/pb/{WAITING}",
    f"/pb/{WAITING}/state",
    f"/deploy/{DEPLOYMENT}",
    f"/deploy/{DEPLOYMENT}/state",
    f"/flow/{FLOW}",
    f"/flow/{FLOW}/state",
)

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

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["FAILED", "FINISHED", "ACTIVE", FAILED, WAITING, EB, "\ud800", "/", "a/b", "..", "FAULT"]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = (
    *("status", "reason", "last_updated", "error_messages", "deployments", "receive_addresses"),
    *("eb_id", "pb_realtime", "pb_batch", "pb_receive_addresses", "dependencies", "script"),
    *("last_command", "last_command_time", "last_command_milliseconds", "transaction_id"),
    *("state_commanded", "obs_state_commanded", "admin_mode", "resources", "acknowledged"),
    *("errors", "settings", "scan_id", "current_scan_type", "pods", "num_pod", "args", "kind"),
    *("host", "port", "data_model", "error_state", "command_count", "reached", "pb_id"),
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4)

TEXTS = st.one_of(
    st.text(max_size=20),
    JSON.map(json.dumps),
    OBJECTS.map(json.dumps),
    st.sampled_from(["", "[" * 10_000, '{"a":' * 5_000, "NaN", '{"status": 1e999}', "\ud800"]),
    st.none(),
)
"""Texts of values; None for a deletion."""


def scene() -> dict[str, str]:
    found = {path: json.dumps(document) for path, document in fault_scene().items()}
    return {**found, f"/flow/{FLOW}": "{}"}


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
    texts = scene()
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
    model = model_of(scene())
    for update in model.apply([Write(path, "[]", 2) for path in paths], NOW):
        parse(update)
    for topic in TOPICS:
        parse(model.whole(topic, NOW))
