"""Destinations of channels, looked up in host and port maps like a correlator does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

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
