"""Lines at which functions of the product are left, which guide the search.

They show most of the branches that an input takes, for a fraction of the time that it costs to
trace each line.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import ska_sdp_config
import ska_sdp_lmc
import ska_sdp_web

__all__ = ["Reached"]

_Line = tuple[str, int]
_Trace = Callable[[FrameType, str, Any], Any]

_ROOTS = tuple(
    f"{Path(str(package.__file__)).parent}/"
    for package in (ska_sdp_config, ska_sdp_lmc, ska_sdp_web)
)


class Reached:
    """Lines at which the inputs so far have left functions, in this thread.

    Attributes:
        counts: number of inputs by line.
    """

    def __init__(self) -> None:
        self.counts: Counter[_Line] = Counter()
        self._now: set[_Line] = set()
        self._traces: dict[str, _Trace | None] = {}

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record the lines of the body."""
        self._now.clear()
        before = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            yield
        finally:
            sys.settrace(before)
            self.counts.update(self._now)

    @property
    def is_new(self) -> bool:
        """Whether the last input was the first to reach some line."""
        return any(self.counts[line] == 1 for line in self._now)

    @property
    def rarity(self) -> float:
        """Score of the last input: lines that few inputs have reached count more."""
        return sum(1 / self.counts[line] for line in self._now)

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> _Trace | None:
        file = frame.f_code.co_filename
        try:
            trace = self._traces[file]
        except KeyError:
            trace = self._traces[file] = self._trace_of(file)
        if trace is not None:
            frame.f_trace_lines = False
        return trace

    def _trace_of(self, file: str) -> _Trace | None:
        if not file.startswith(_ROOTS):
            return None
        add = self._now.add

        def on_leave(frame: FrameType, event: str, argument: Any) -> _Trace:
            # A return, or an exception that is raised or passed on.
            add((file, frame.f_lineno))
            return on_leave

        return on_leave
