"""State diagram of obsState, drawn from the table of transitions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

from docs.generate.svg import arrow, box, picture, words

from ska_sdp_config.lmc.states import ObsState, State
from ska_sdp_config.lmc.transitions import TRANSITIONS

__all__ = ["PLACES", "draw", "edges"]

_COLUMN, _ROW = 172.0, 118.0
_WIDTH, _HEIGHT = 104.0, 30.0
_MARGIN = 64.0

PLACES: Mapping[ObsState, tuple[float, float]] = {
    ObsState.EMPTY: (0, 0),
    ObsState.RESOURCING: (1, 0),
    ObsState.IDLE: (2, 0),
    ObsState.CONFIGURING: (3, 0),
    ObsState.READY: (4, 0),
    ObsState.SCANNING: (5, 0),
    ObsState.RESTARTING: (0, 2),
    ObsState.FAULT: (1, 2),
    ObsState.RESETTING: (2, 1.15),
    ObsState.ABORTED: (3, 2),
    ObsState.ABORTING: (4, 1.15),
}
"""Column and row of each state."""

Edge = tuple[ObsState, ObsState]


def edges() -> tuple[dict[Edge, list[str]], set[Edge], set[Edge]]:
    """Compute the arrows.

    Returns:
        Commands by the states between which they lead; what then comes by itself; and the ways
        into FAULT of states that have a time-out. On and Off, allowed in any obsState, are left
        out.
    """
    commanded: defaultdict[Edge, list[str]] = defaultdict(list)
    follows: set[Edge] = set()
    faults: set[Edge] = set()
    for name, change in TRANSITIONS.items():
        if change.state is not None or change.states != frozenset({State.ON}):
            continue
        first = change.transient or change.target
        for obs_state in sorted(change.obs_states):
            commanded[obs_state, first].append(name)
        if change.transient is not None:
            follows.add((change.transient, change.target))
        if change.transient is not None and change.pending is not None:
            faults.add((change.transient, ObsState.FAULT))
    return dict(commanded), follows, faults


def draw() -> str:
    """Draw the diagram."""
    return picture(
        2 * _MARGIN + 5 * _COLUMN,
        2 * _MARGIN + 2 * _ROW + 24,
        list(_parts()),
        "obsStates of a subarray and the commands that lead from one to the other",
    )


def _parts() -> Iterator[str]:
    commanded, follows, faults = edges()
    for edge in faults:
        yield from _edge(edge, "time-out", "quiet faint")
    for edge in follows:
        yield from _edge(edge, "", "quiet")
    for edge, names in commanded.items():
        # Six states lead to ABORTING: where their arrows meet says what they are.
        if names == ["Abort"]:
            yield from _edge(edge, "Abort" if edge[0] is ObsState.READY else "", "faint")
        else:
            yield from _edge(edge, ", ".join(names), "")
    for obs_state in PLACES:
        x, y = _point(obs_state)
        yield box(x, y, _WIDTH, _HEIGHT, obs_state.name)


def _point(obs_state: ObsState) -> tuple[float, float]:
    column, row = PLACES[obs_state]
    return _MARGIN + column * _COLUMN, _MARGIN - 10 + row * _ROW


def _edge(edge: Edge, label: str, kind: str) -> Iterator[str]:
    """Draw an arrow bent to its left, so that opposite arrows do not overlap."""
    (x1, y1), (x2, y2) = _point(edge[0]), _point(edge[1])
    length = math.hypot(x2 - x1, y2 - y1)
    across = ((y2 - y1) / length, -(x2 - x1) / length)
    bend = 26.0 if length < 1.5 * _COLUMN else 0.2 * length
    middle = ((x1 + x2) / 2 + across[0] * bend, (y1 + y2) / 2 + across[1] * bend)
    start, end = _border(x1, y1, *middle), _border(x2, y2, *middle)
    begin, by, to = (f"{x:.1f} {y:.1f}" for x, y in (start, middle, end))
    yield arrow(f"M{begin}Q{by} {to}", kind)
    for number, line in enumerate(label.split(", ") if label else []):
        # Half way along the curve, the lines of a label one above the other.
        x = (start[0] + 2 * middle[0] + end[0]) / 4
        y = (start[1] + 2 * middle[1] + end[1]) / 4
        away = -1 if across[1] < 0 else 1
        yield words(
            x, y + away * (6 + 12 * number) + (4 if away > 0 else 0), line, kind="small edge"
        )


def _border(x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Return the point where a line from the centre of a box crosses its edge."""
    dx, dy = to_x - x, to_y - y
    scale = min(
        (_WIDTH / 2 + 3) / abs(dx) if dx else math.inf,
        (_HEIGHT / 2 + 3) / abs(dy) if dy else math.inf,
    )
    return x + dx * scale, y + dy * scale
