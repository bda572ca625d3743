"""Validation and lookup of receive addresses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ska_sdp_lmc.messages import host_and_port, read_receive_addresses

OLD: dict[str, Any] = {
    "host": [[0, "a.example"], [8, "b.example"]],
    "port": [[0, 7000, 1], [8, 7000, 2], [16, 7100]],
}
BEAM: dict[str, Any] = {"function": "visibilities", "visibility_beam_id": 1, **OLD}
RECVADDRS = "https://schema.skao.int/ska-sdp-recvaddrs/"


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"look": OLD},
        {"look": {**OLD, "mac": [[0, "02-00"]]}, ".base": OLD, "odd": {}},
        {"interface": RECVADDRS + "0.2", "look": OLD},
        {"look": {"sky": BEAM}},
        {"interface": RECVADDRS + "0.5", "look": {"sky": BEAM, "more": {**BEAM, "new": 1}}},
        {"interface": RECVADDRS + "0.9", "look": {}},
        {"look": {"host": BEAM, "port": BEAM}},
        {"look": {**OLD, "port": [[0, 7000, 1, 4], [8, 7000, 1], [16, 7100, 2, 0.5]]}},
        {"look": {"sky": {**BEAM, "port": [[0, 7000, 1, 4]]}}},
        {"look": {"sky": {**BEAM, "delay_cal": "a/b/c/d", "jones_cal": [[0, "a/b/c/d"]]}}},
        {"look": {"sky": {**BEAM, "pointing_cal": "tango://a/b/c/d_{receptor}"}}},
        [{"scan_type_id": "look", **OLD}, {"scan_type_id": "there", **OLD}],
        [{"scan_type_id": "look", "sky": BEAM}],
    ],
)
def test_valid_addresses_have_no_faults(value: Any) -> None:
    assert read_receive_addresses(value) == ()


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in BEAM.items() if name != key}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, "$: should be an object, not null"),
        ("{}", '$: should be an object, not "{}"'),
        ({"look": 5}, "$.look: should be an object, not 5"),
        ({"interface": 5, "look": OLD}, "$.interface: should be https://schema.skao.int/ska-sdp-"),
        ({"interface": RECVADDRS + "7.0"}, "$.interface: major version 7 is not known"),
        ({"look": {"sky": 5}}, "$.look.sky: should be an object, not 5"),
        ({"look": {"sky": _without("host")}}, "$.look.sky.host: field required"),
        ({"look": {"sky": _without("port")}}, "$.look.sky.port: field required"),
        ({"look": {"sky": _without("function")}}, "$.look.sky.function: field required"),
        ({"look": {"host": OLD["host"]}}, "$.look.port: field required"),
        ({"look": OLD, "there": {"sky": BEAM}}, "$.look: has no beams, where other scan types"),
        ({"look": {"sky": {**BEAM, "function": "x"}}}, "$.look.sky.function: should be"),
        ({"look": {"sky": {**BEAM, "host": []}}}, "$.look.sky.host: should have an entry at"),
        ({"look": {"sky": {**BEAM, "host": "h"}}}, "$.look.sky.host: should be a list"),
        (
            {"look": {"sky": {**BEAM, "host": [[0, "h"], [1]]}}},
            "$.look.sky.host: should have entries [channel, host], entry 1 is none",
        ),
        (
            {"look": {"sky": {**BEAM, "host": [[8, "h"], [8, "h"]]}}},
            "$.look.sky.host: should be in the order of channels, entry 1 is not",
        ),
        ({"look": {"sky": {**BEAM, "host": [[True, "h"]]}}}, "$.look.sky.host: should have ent"),
        ({"look": {"sky": {**BEAM, "host": [[-1, "h"]]}}}, "$.look.sky.host: should have entri"),
        ({"look": {"sky": {**BEAM, "port": [[0, 0]]}}}, "$.look.sky.port: should have entries ["),
        ({"look": {"sky": {**BEAM, "port": [[0, 65536]]}}}, "$.look.sky.port: should have entr"),
        ({"look": {"sky": {**BEAM, "port": [[0, 1, 1, "1"]]}}}, "$.look.sky.port: should have en"),
        ({"look": {"sky": {**BEAM, "port": [[0, 1, 1, True]]}}}, "$.look.sky.port: should have"),
        ({"look": {"sky": {**BEAM, "port": [[0, 1, 1, 1, 1]]}}}, "$.look.sky.port: should have"),
        ({"look": {"sky": {**BEAM, "host": [[0, "h", 1]]}}}, "$.look.sky.host: should have entr"),
        ({"look": {"sky": {**BEAM, "mac": {}}}}, "$.look.sky.mac: should be a list"),
        ({"look": {"sky": {**BEAM, "delay_cal": 5}}}, "$.look.sky.delay_cal: should be the name"),
        ({"look": {"sky": {**BEAM, "jones_cal": [5]}}}, "$.look.sky.jones_cal: should have entr"),
        ([5], "$[0]: should be an object, not 5"),
        ([{**OLD}], "$[0].scan_type_id: should be the id of a scan type"),
        ([{"scan_type_id": "look", "host": [[0, "h"]]}], "$[0].port: field required"),
    ],
)
def test_invalid_addresses_have_fault(value: Any, fault: str) -> None:
    faults = read_receive_addresses(value)
    assert any(text.startswith(fault) for text in faults), faults


def test_faults_are_limited_to_twenty() -> None:
    addresses: dict[str, Any] = {f"look-{number}": {"sky": {}} for number in range(10)}
    faults = read_receive_addresses(addresses)
    assert faults[:3] == (
        '$["look-0"].sky.host: field required',
        '$["look-0"].sky.port: field required',
        '$["look-0"].sky.function: field required',
    )
    assert len(faults) == 21
    assert faults[-1] == "and 10 more"


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (0, ("a.example", 7000)),
        (7, ("a.example", 7007)),
        (8, ("b.example", 7000)),
        (15, ("b.example", 7014)),
        (16, ("b.example", 7100)),
        (5000, ("b.example", 7100)),
    ],
)
def test_host_and_port_of_channel(channel: int, expected: tuple[str, int]) -> None:
    assert host_and_port(BEAM, channel) == expected


def test_fourth_number_of_a_port_is_ignored() -> None:
    addresses = {"host": [[0, "h"]], "port": [[4, 9000, 2, 7]]}
    assert host_and_port(addresses, 6) == ("h", 9004)


def test_channel_below_map_raises_lookup_error() -> None:
    with pytest.raises(LookupError, match="channel 3 is below the first channel of the port map"):
        host_and_port({"host": [[0, "h"]], "port": [[4, 9000]]}, 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["host", "port", "sky", "look", "scan_type_id", "function", "mac"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(JSON)
def test_any_value_returns_fault_texts(value: Any) -> None:
    for fault in read_receive_addresses(value):
        assert fault.isascii()
        assert fault.startswith(("$", "and "))


@settings(max_examples=50)
@given(st.dictionaries(st.integers(0, 99), st.integers(1, 600), min_size=1), st.integers(0, 150))
def test_port_grows_by_increment_from_entry(ports: dict[int, int], channel: int) -> None:
    entries = [[start, 1000 + port, 3] for start, port in sorted(ports.items())]
    addresses = {"host": [[0, "h"]], "port": entries}
    assert read_receive_addresses(json.loads(json.dumps({"look": addresses}))) == ()
    below = [start for start in ports if start <= channel]
    if below:
        expected = 1000 + ports[max(below)] + (channel - max(below)) * 3
        assert host_and_port(addresses, channel) == ("h", expected)
    else:
        with pytest.raises(LookupError):
            host_and_port(addresses, channel)
