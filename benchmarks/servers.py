"""Start time and memory of a server of 16 subarrays, against a minimal one."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from ska_sdp_config import Config
from ska_sdp_sim.stack.device_server import DeviceServer

from .by_hand import ByHand
from .measure import Row
from .observatory import Observatory, start
from .proc import resident

__all__ = ["rows"]

DEVICES = 16
STARTS = 7


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on servers."""
    with Observatory(config.backend.address) as observatory:
        ours = observatory.subarrays("all", [f"{number + 1:02}" for number in range(DEVICES)])
        bare = observatory.bare("all", "Empty", DEVICES)
        # The first start writes the subarrays' entries.
        pairs = [(_start(ours), _start(bare)) for _ in range(STARTS + 1)][1:]
    times = [(our_time, bare_time) for (our_time, _), (bare_time, _) in pairs]
    sizes = [(our_size, bare_size) for (_, our_size), (_, bare_size) in pairs]
    yield _row(f"start to all devices answering, {DEVICES} devices", times, 2.0)
    yield _row(f"memory of {DEVICES} devices", sizes, 1.6, unit="MB")


def _start(server: DeviceServer) -> tuple[float, float]:
    """Start and stop a server; return its start time in seconds and its memory in GB."""
    took = start(server)
    size = resident(server.process.pid) / 1e9
    server.stop()
    return took, size


def _row(work: str, pairs: list[tuple[float, float]], bound: float, unit: str = "ms") -> Row:
    ours, floor = ([pair[place] for pair in pairs] for place in (0, 1))
    ratios = [mine / theirs for mine, theirs in pairs]
    return Row(
        work,
        statistics.median(ours),
        statistics.median(floor),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
        bound,
        unit,
    )
