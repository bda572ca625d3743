"""Round trips of random values through each backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.config import Config
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.entity import Dependency, Flow, Script
from ska_sdp_config.entity.codec import decode, encode
from ska_sdp_config.entity.flow import (
    DataProduct,
    DataProductPersist,
    DataQueue,
    Display,
    FlowSource,
    SharedMem,
    Sink,
    TangoAttribute,
    TangoAttributeMap,
)
from tests.support.backends import Connect, connect
from tests.support.json_values import JSON

__all__ = ["connect"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True)
DICT = st.dictionaries(TEXT, JSON, max_size=4)

SCRIPT_KEY = {"kind": "batch", "name": "imaging", "version": "1.0.0"}
FLOW_KEY = Flow.Key(pb_id="pb-x", kind="shared-mem", name="vis")
CLAIM_KEY = Dependency.Key(pb_id="pb-x", kind="copy", name="vis", origin="archive")

# Collection, key, and required fields of an entity.
KINDS: list[tuple[str, Any, dict[str, Any]]] = [
    ("processing_block", "pb-x", {"script": SCRIPT_KEY}),
    ("execution_block", "eb-x", {}),
    ("deployment", "proc-x", {"kind": "helm", "args": {}}),
    ("script", Script.Key(**SCRIPT_KEY), {"image": "registry/imaging:1.0.0"}),
    ("flow", FLOW_KEY, {"sink": {"kind": "shared-mem", "impl": "x"}, "data_model": "V"}),
    ("dependency", CLAIM_KEY, {}),
]


def examples(backend: Backend) -> settings:
    """Many examples in memory, where they are cheap; few on servers."""
    return settings(
        max_examples=100 if isinstance(backend, MemoryBackend) else 12,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.long
def test_states_are_read_as_written(connect: Connect) -> None:
    config = Config(connect())

    @examples(config.backend)
    @given(entity=st.sampled_from(KINDS), first=DICT, second=DICT | st.just({}))
    def check(
        entity: tuple[str, Any, dict[str, Any]], first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        kind, key, _ = entity
        for txn in config.txn():
            state = getattr(txn, kind).state(key)
            txn.delete(state.path, must_exist=False)
            state.create(first)
            assert state.get() == first
        for written in (second, {}):
            for txn in config.txn():
                getattr(txn, kind).state(key).update(written)
            for txn in config.txn():
                state = getattr(txn, kind).state(key)
                assert state.exists()
                assert state.get() == written

    check()


@pytest.mark.long
def test_unknown_fields_survive_an_update(connect: Connect) -> None:
    config = Config(connect())
    # Neither a field of any entity nor an alternative name of one.
    unknown = TEXT.map(lambda name: f"our {name}")

    @examples(config.backend)
    @given(entity=st.sampled_from(KINDS), more=st.dictionaries(unknown, JSON, max_size=4))
    def check(entity: tuple[str, Any, dict[str, Any]], more: dict[str, Any]) -> None:
        kind, key, required = entity
        stored = required | more
        for txn in config.txn():
            path: str = getattr(txn, kind)(key).path
            txn.delete(path, must_exist=False)
            txn.create(path, encode(stored))
        for txn in config.txn():
            collection = getattr(txn, kind)
            collection.update(collection.get(key))
        for txn in config.txn():
            assert decode(txn.get(path) or "", path) == stored

    check()


ATTRIBUTE = st.builds(
    TangoAttribute,
    attribute_trl=st.sampled_from(["a/b/c/d", "tango://db:10000/a/b/c/d"]),
    dtype=st.sampled_from(["DevDouble", "DevString"]),
    max_dim_x=st.integers(0, 9),
    default_value=JSON,
)
PATHS = st.sampled_from(["a.ms", "/b.ms", "deep/er", "."])
SINK = st.one_of(
    st.builds(DataProduct, data_dir=PATHS, paths=st.lists(PATHS, max_size=3)),
    st.builds(
        DataProductPersist,
        phase=st.sampled_from(["GAS", "LIQUID", "SOLID", "PLASMA"]),
        expires_at=st.none() | st.datetimes(datetime(2000, 1, 1), timezones=st.timezones()),
    ),
    st.builds(
        DataQueue,
        topics=NAME,
        host=st.sampled_from(["kafka://broker:9092", "kafka://[::1]:9092"]),
        format=st.sampled_from(["npy", "msgpack"]),
    ),
    st.builds(SharedMem, impl=TEXT),
    st.builds(Display, widget=TEXT, endpoint=st.none() | TEXT),
    ATTRIBUTE,
    st.builds(TangoAttributeMap, attributes=st.lists(st.tuples(ATTRIBUTE, DICT), max_size=2)),
    st.builds(Sink, kind=st.just("hologram"), depth=JSON),
)
SOURCE = st.builds(
    FlowSource,
    uri=st.builds(Flow.Key, pb_id=NAME, kind=NAME, name=NAME)
    | st.sampled_from(["gsm://request/lsm", "https://x.org/?q=1"]),
    function=st.none() | TEXT,
    parameters=DICT,
)


@pytest.mark.long
def test_flows_are_read_as_written(connect: Connect) -> None:
    config = Config(connect())

    @examples(config.backend)
    @given(
        sink=SINK,
        sources=st.lists(SOURCE, max_size=2),
        pb_id=NAME,
        name=NAME,
        data_model=TEXT,
        expiry_time=st.integers(-1),
    )
    def check(sink: Sink, sources: list[FlowSource], pb_id: str, name: str, **rest: Any) -> None:
        flow = Flow(key=Flow.Key(pb_id=pb_id, name=name), sink=sink, sources=sources, **rest)
        config.backend.delete("/flow", must_exist=False, recursive=True)
        for txn in config.txn():
            txn.flow.create(flow)
        for txn in config.txn():
            (key, found), *more = txn.flow.list_values()
            assert not more
            assert found == txn.flow.get(flow.key) == flow
            assert key == found.key == flow.key
            assert type(found.sink) is type(sink)
            assert found.sink == sink
            assert found.sources == sources
            assert [type(each.uri) for each in found.sources] == [
                type(each.uri) for each in sources
            ]
            text = txn.get(txn.flow(key).path)
            txn.flow.update(found)
            assert txn.get(txn.flow(key).path) == text

    check()
