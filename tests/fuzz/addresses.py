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
    """Compare the look-up of channels in valid addresses with a linear one."""
    is_list = isinstance(case, list)
    entries = case if is_list else [case[name] for name in case if name != "interface"]
    for entry in entries:
        is_old = any(isinstance(entry.get(name), list) for name in ("host", "port"))
        beams = [entry[name] for name in entry if name != "scan_type_id"]
        for beam in [entry] if is_old else beams:
            for channel in CHANNELS:
                assert _looked_up(beam, channel) == _by_linear_search(beam, channel)


def _looked_up(beam: dict[str, Any], channel: int) -> tuple[str, int] | None:
    try:
        return host_and_port(beam, channel)
    except LookupError:
        return None


def _by_linear_search(beam: dict[str, Any], channel: int) -> tuple[str, int] | None:
    host, port = None, None
    for first, name in beam["host"]:
        if first <= channel:
            host = name
    for first, number, *increment in beam["port"]:
        if first <= channel:
            port = number + (channel - first) * (increment[0] if increment else 0)
    return None if host is None or port is None else (host, port)


KIND = Kind("addresses", _CASES, _check)
