"""Receive addresses that a script wrote: validation, look-up, the subarray's attributes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from ska_sdp_config.lmc.derive import derive
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.messages import host_and_port, read_receive_addresses
from ska_sdp_lmc.messages.examples import example, example_names
from ska_sdp_web.documents.addresses import flatten_addresses
from tests.fuzz import corpus
from tests.fuzz.kind import Kind
from tests.fuzz.messages import check_view
from tests.fuzz.schema_values import schema_values
from tests.model.worlds import ADDRESSES, NOON, RECEIVE, SETTINGS, documents
from tests.support.hostile_values import HOSTILE
from tests.support.json_values import mutated

__all__ = ["KIND"]

MAX_TEXT = 20_000
"""Characters of all faults together."""

CHANNELS = (0, 1, 743, 2**31, 2**70)

_EXAMPLES: list[Any] = [
    *(json.loads(example(name)) for name in example_names() if name.startswith("recvaddrs-")),
    ADDRESSES,
    [{"scan_type_id": "science", **ADDRESSES["science"]}],
]
_KEPT = [case for case in corpus.read("addresses") if case and isinstance(case, dict | list)]

_SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70_000) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["host", "port", "mac", "function", "scan_type_id", "science", ""]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)

_CASES = st.one_of(
    schema_values("recvaddrs"),
    mutated([*_EXAMPLES, *_KEPT], HOSTILE, max_changes=5),
    mutated(_EXAMPLES, _SMALL, max_changes=5),
    _SMALL,
    HOSTILE,
)

_READY = documents(ObsState.READY)


def _check(case: Any) -> None:
    faults = read_receive_addresses(case)
    for fault in faults:
        assert fault.isascii(), fault
        assert fault.startswith(("$", "and ")), fault
    assert len("".join(faults)) < MAX_TEXT
    if not faults:
        _check_channels(case)
    for row in flatten_addresses(case):
        json.dumps(row)
    state = {**_READY[f"/pb/{RECEIVE}/state"], "receive_addresses": case}
    found = {**_READY, f"/pb/{RECEIVE}/state": state}
    view = derive(Snapshot(1, "01", found), NOON, SETTINGS)
    check_view(view)
    json.loads(view.receive_addresses)


def _check_channels(case: Any) -> None:
    """Check that each channel of valid addresses from the first on has a host and a port."""
    entries = case if isinstance(case, list) else list(case.values())
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        is_old = any(isinstance(entry.get(name), list) for name in ("host", "port"))
        for beam in [entry] if is_old else entry.values():
            if not isinstance(beam, dict):
                continue
            maps: list[Any] = [beam.get("host"), beam.get("port")]
            if not all(maps):
                continue
            first = max(each[0][0] for each in maps)
            for channel in (each for each in CHANNELS if each >= first):
                host, port = host_and_port(beam, channel)
                assert host
                assert port >= 1


KIND = Kind("addresses", _CASES, _check)
