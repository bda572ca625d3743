"""Receive addresses: every channel has one host and one port."""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.addresses import (
    FIRST_PORT,
    LAST_PORT,
    MAX_MAP_ENTRIES,
    observed_scan_types,
    receive_addresses,
)
from tests.support.shared import MESSAGES, has_messages

Json = dict[str, Any]


def host_name(node: int) -> str:
    return f"node-{node}"


def destinations(beam: Json, channels: Iterable[int]) -> list[tuple[str, int]]:
    """Look channels up as a correlator does: an entry applies up to the start of the next."""
    host_starts = [row[0] for row in beam["host"]]
    port_starts = [row[0] for row in beam["port"]]
    found = []
    for channel in channels:
        assert channel >= host_starts[0]
        assert channel >= port_starts[0]
        host = beam["host"][bisect_right(host_starts, channel) - 1][1]
        start, port, increment = (*beam["port"][bisect_right(port_starts, channel) - 1], 0)[:3]
        found.append((host, port + (channel - start) * increment))
    return found


def channels_of(windows: list[Json]) -> set[int]:
    return {
        channel
        for item in windows
        for channel in range(
            item["start"],
            item["start"] + item["count"] * item.get("stride", 1),
            item.get("stride", 1),
        )
    }


def window(start: int, count: int, **more: Any) -> Json:
    return {
        "spectral_window_id": f"window-{start}",
        "start": start,
        "count": count,
        "freq_min": 3.5e8,
        "freq_max": 3.68e8,
        **more,
    }


def observation(windows: list[Json], **more: Any) -> Json:
    return {
        "beams": [{"beam_id": "vis0", "function": "visibilities"}],
        "channels": [{"channels_id": "all", "spectral_windows": windows}],
        "scan_types": [{"scan_type_id": "science", "beams": {"vis0": {"channels_id": "all"}}}],
        **more,
    }


@pytest.mark.parametrize(
    ("windows", "more", "hosts", "ports"),
    [
        pytest.param(
            [window(0, 8)], {}, [[0, "node-0"]], [[0, FIRST_PORT, 1]], id="no links: one host"
        ),
        pytest.param(
            [window(0, 744, stride=2, link_map=[[0, 0], [200, 1], [744, 2], [944, 3]])],
            {},
            [[0, "node-0"], [200, "node-1"], [744, "node-2"], [944, "node-3"]],
            [[0, 9000, 1], [200, 9000, 1], [744, 9000, 1], [944, 9000, 1]],
            id="a host for each link",
        ),
        pytest.param(
            [window(0, 4, stride=2, link_map=[[0, 0], [200, 1]])],
            {},
            [[0, "node-0"]],
            [[0, 9000, 1]],
            id="links beyond the window are ignored",
        ),
        pytest.param(
            [window(0, 4, link_map=None), window(100, 4)],
            {"resources": {"receive_nodes": 1}},
            [[0, "node-0"], [100, "node-0"]],
            [[0, 9000, 1], [100, 9004, 1]],
            id="two windows on one host",
        ),
        pytest.param(
            [window(0, 10, link_map=[[0, 0], [4, 1]])],
            {"resources": {"receive_nodes": 2}},
            [[0, "node-0"], [4, "node-0"], [5, "node-1"]],
            [[0, 9000, 1], [4, 9004, 1], [5, 9000, 1]],
            id="receive nodes share the channels",
        ),
        pytest.param(
            [window(0, 8)],
            {"resources": {"receive_nodes": 0, "receptors": ["SKA001"]}},
            [[0, "node-0"]],
            [[0, 9000, 1]],
            id="all receive nodes released",
        ),
    ],
)
def test_host_and_port_maps(
    windows: list[Json], more: Json, hosts: list[Any], ports: list[Any]
) -> None:
    addresses = receive_addresses(observation(windows, **more), host_name)
    assert addresses == {
        "science": {"vis0": {"function": "visibilities", "host": hosts, "port": ports}}
    }


def test_channels_share_ports() -> None:
    windows = [window(0, 45), window(100, 10, stride=2)]
    addresses = receive_addresses(
        observation(windows, resources={"receive_nodes": 1}), host_name, channels_per_port=20
    )
    beam = addresses["science"]["vis0"]
    assert beam["host"] == [[0, "node-0"], [100, "node-0"]]
    assert beam["port"] == [[0, 9000], [20, 9001], [40, 9002], [100, 9003]]


def test_host_has_at_most_one_channel_per_port() -> None:
    windows = [window(0, 2 * (LAST_PORT - FIRST_PORT + 1) + 1)]
    addresses = receive_addresses(observation(windows, resources={"receive_nodes": 1}), host_name)
    beam = addresses["science"]["vis0"]
    assert [name for _, name in beam["host"]] == ["node-0", "node-1", "node-2"]
    assert destinations(beam, [LAST_PORT - FIRST_PORT]) == [("node-0", LAST_PORT)]


def beam_addresses(function: str, start: int, host: str, **identity: int) -> Json:
    """Return addresses of channels from a start on, on one host."""
    return {
        "function": function,
        "host": [[start, host]],
        "port": [[start, 9000, 1]],
        **identity,
    }


def test_scan_types_derive_beam_by_beam() -> None:
    execution_block = {
        "beams": [
            {"beam_id": "vis0", "function": "visibilities"},
            {"beam_id": "pss1", "function": "pulsar search", "search_beam_id": 1},
            {"beam_id": "pst2", "function": "pulsar timing", "timing_beam_id": 2},
        ],
        "channels": [
            {"channels_id": "wide", "spectral_windows": [window(0, 16)]},
            {"channels_id": "zoom", "spectral_windows": [window(4000, 8)]},
        ],
        "scan_types": [
            {
                "scan_type_id": ".default",
                "beams": {
                    "vis0": {"channels_id": "wide", "polarisations_id": "all"},
                    "pss1": {"channels_id": "wide", "field_id": "x"},
                    "vlbi": {"channels_id": "wide"},
                },
            },
            {"scan_type_id": ".second", "derive_from": ".default"},
            {
                "scan_type_id": "target:a",
                "derive_from": ".second",
                "beams": {"vis0": {"field_id": "a"}, "pst2": {"channels_id": "zoom"}},
            },
            {
                "scan_type_id": "zoom",
                "derive_from": "target:a",
                "beams": {"vis0": {"channels_id": "zoom"}, "pss1": {"channels_id": "missing"}},
            },
            {"scan_type_id": "orphan", "derive_from": ".nowhere", "beams": {"vis0": {}}},
        ],
    }
    assert observed_scan_types(execution_block) == ["target:a", "zoom", "orphan"]
    addresses = receive_addresses(execution_block, host_name)
    assert addresses == {
        "target:a": {
            "vis0": beam_addresses("visibilities", 0, "node-0"),
            "pss1": beam_addresses("pulsar search", 0, "node-1", search_beam_id=1),
            "pst2": beam_addresses("pulsar timing", 4000, "node-2", timing_beam_id=2),
        },
        "zoom": {
            "vis0": beam_addresses("visibilities", 4000, "node-0"),
            "pst2": beam_addresses("pulsar timing", 4000, "node-1", timing_beam_id=2),
        },
        "orphan": {},
    }
    assert receive_addresses(execution_block, host_name, only=["zoom"]) == {
        "zoom": addresses["zoom"]
    }


@pytest.mark.parametrize("execution_block", [{}, {"test": True}, {"scan_types": None}])
def test_no_scan_types_have_no_addresses(execution_block: Json) -> None:
    assert receive_addresses(execution_block, host_name) == {}


@pytest.mark.parametrize(
    ("execution_block", "fault"),
    [
        (observation([window(0, 0)]), "channels.0.spectral_windows.0.count"),
        (observation([{"start": 0}]), "channels.0.spectral_windows.0.count"),
        (observation([window(0, True)]), "channels.0.spectral_windows.0.count"),
        (observation([window(0, 4, link_map=[[0]])]), "link_map.0"),
        (observation([], resources={"receive_nodes": "two"}), "resources.receive_nodes"),
        (observation([], scan_types=[{"scan_type_id": "a", "derive_from": "a"}]), "a → a"),
    ],
)
def test_invalid_execution_block_is_rejected(execution_block: Json, fault: str) -> None:
    with pytest.raises(ValueError, match=fault.replace(".", r"\.")):
        receive_addresses(execution_block, host_name)


ENDLESS = 10**12


@pytest.mark.parametrize(
    ("windows", "more", "channels_per_port"),
    [
        pytest.param([window(0, ENDLESS)], {}, 1, id="hosts"),
        pytest.param([window(0, 30_000_000)], {}, 3, id="ports"),
        pytest.param(
            [window(0, ENDLESS)], {"resources": {"receive_nodes": ENDLESS}}, 1, id="nodes"
        ),
        pytest.param([window(0, 8), window(100, 8, stride=ENDLESS)], {}, 1, id="stride"),
        pytest.param(
            [window(0, MAX_MAP_ENTRIES - 8)],
            {
                "scan_types": [
                    {"scan_type_id": name, "beams": {"vis0": {"channels_id": "all"}}}
                    for name in ("first", "second", "science")
                ]
            },
            2,
            id="scan types together",
        ),
    ],
)
def test_too_many_entries_are_rejected_quickly(
    windows: list[Json], more: Json, channels_per_port: int
) -> None:
    began = time.thread_time()
    with pytest.raises(ValueError, match=r"scan type 'science'.*channels_per_port"):
        receive_addresses(observation(windows, **more), host_name, channels_per_port)
    # CPU time of this thread: independent of the load of the machine.
    assert time.thread_time() - began < 5


@pytest.mark.parametrize("derive", [True, False])
def test_many_scan_types_take_linear_time(derive: bool) -> None:
    scan_types: list[Json] = [{"scan_type_id": "0", "beams": {"vis0": {"channels_id": "all"}}}]
    for number in range(1, 1000 if derive else 8000):
        more = {"derive_from": str(number - 1)} if derive else {}
        scan_types.append({"scan_type_id": str(number), **more})
    execution_block = observation([window(0, 8)], scan_types=scan_types)
    names = observed_scan_types(execution_block)
    began = time.thread_time()
    assert len(receive_addresses(execution_block, host_name, only=names)) == len(names)
    assert time.thread_time() - began < 2.5


windows_in_order = st.lists(
    st.builds(
        window,
        start=st.integers(0, 3000),
        count=st.integers(1, 400),
        stride=st.integers(1, 3),
        link_map=st.lists(
            st.tuples(st.integers(0, 4000), st.integers(0, 9)).map(list), max_size=4
        ),
    ),
    min_size=1,
    max_size=4,
)


def two_beams(visibilities: list[Json], search: list[Json], receive_nodes: int | None) -> Json:
    return {
        "beams": [
            {"beam_id": "vis0", "function": "visibilities"},
            {"beam_id": "pss1", "function": "pulsar search"},
        ],
        "channels": [
            {"channels_id": "vis", "spectral_windows": visibilities},
            {"channels_id": "pss", "spectral_windows": search},
        ],
        "scan_types": [
            {
                "scan_type_id": "science",
                "beams": {"vis0": {"channels_id": "vis"}, "pss1": {"channels_id": "pss"}},
            }
        ],
        "resources": {"receive_nodes": receive_nodes},
    }


observations = st.builds(
    two_beams, windows_in_order, windows_in_order, st.none() | st.integers(1, 6)
)


@given(observations, st.integers(1, 7))
def test_entry_limit_is_exact(execution_block: Json, channels_per_port: int) -> None:
    addresses = receive_addresses(execution_block, host_name, channels_per_port)
    beams = addresses["science"].values()
    entries = sum(len(beam["host"]) + len(beam["port"]) for beam in beams)
    with mock.patch("ska_sdp_sim.addresses.MAX_MAP_ENTRIES", entries):
        assert receive_addresses(execution_block, host_name, channels_per_port) == addresses
    with (
        mock.patch("ska_sdp_sim.addresses.MAX_MAP_ENTRIES", entries - 1),
        pytest.raises(ValueError, match="'science'"),
    ):
        receive_addresses(execution_block, host_name, channels_per_port)


@given(observations, st.integers(1, 7))
def test_every_channel_has_one_destination(execution_block: Json, channels_per_port: int) -> None:
    beams = receive_addresses(execution_block, host_name, channels_per_port)["science"]
    places: Counter[tuple[str, int]] = Counter()
    for beam_id, channels in zip(("vis0", "pss1"), execution_block["channels"], strict=True):
        for table in (beams[beam_id]["host"], beams[beam_id]["port"]):
            starts = [row[0] for row in table]
            assert starts == sorted(set(starts))
        places.update(destinations(beams[beam_id], channels_of(channels["spectral_windows"])))
    assert max(places.values()) <= channels_per_port
    assert all(FIRST_PORT <= port <= LAST_PORT for _, port in places)
    receive_nodes = execution_block["resources"]["receive_nodes"]
    if receive_nodes is not None:
        assert len({host for host, _ in places}) <= receive_nodes


@has_messages
def test_example_messages_have_addresses() -> None:
    seen = 0
    for path in (MESSAGES / "valid").glob("assignres_*.json"):
        message = json.loads(path.read_text("utf-8"))
        execution_block = message.get("execution_block")
        if execution_block is None:
            continue
        seen += 1
        addresses = receive_addresses(
            {**execution_block, "resources": message.get("resources")}, host_name, 20
        )
        assert list(addresses) == observed_scan_types(execution_block), path.name
        defined = {
            item["channels_id"]: item["spectral_windows"] for item in execution_block["channels"]
        }
        for beams in addresses.values():
            for beam in beams.values():
                assert any(
                    destinations(beam, channels_of(windows))
                    for windows in defined.values()
                    if min(channels_of(windows)) == beam["host"][0][0]
                ), path.name
    assert seen
