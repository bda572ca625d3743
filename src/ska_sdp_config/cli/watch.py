"""``ska-sdp watch``: what is stored, then each change of it, until Ctrl-C."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping

from .errors import TimeUp
from .interrupts import ending
from .lookup import Target, TargetGroup
from .options import TIMEOUT
from .output import note, printer
from .session import open_config

__all__ = ["command", "news"]


def _watch(
    target: Target, prefix: str, output: str | None, quiet: bool, timeout: float | None
) -> None:
    out = printer(output, quiet)
    end = math.inf if timeout is None else time.monotonic() + timeout
    shown: dict[str, str] = {}
    with ending() as ctrl_c, open_config(prefix, waits=True) as config:
        # A watcher waits for a database that has gone, also for one that never was.
        for txn in config.txn():
            if not target.read(txn.raw) and not quiet and sys.stderr.isatty():
                note(f"There is nothing at {target.path} yet: waiting, Ctrl-C ends it.")
        watcher = config.watcher()
        ctrl_c.wake = watcher.trigger
        for turn in watcher:
            if ctrl_c.came:
                return
            if timeout is not None:
                turn.set_timeout(max(0.0, end - time.monotonic()))
            found = shown
            for txn in turn.txn():
                found = target.read(txn.raw)
            for path, text in news(shown, found):
                out.news(path, text)
            shown = found
            if time.monotonic() >= end:
                raise TimeUp(f"{timeout:g} s are over: give a longer --timeout, or none.")


def news(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Get what differs between two states: paths with their texts, None where deleted."""
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            yield path, now.get(path)


command = TargetGroup(
    "watch",
    _watch,
    "Watch {}",
    options=[TIMEOUT],
    help="Print what is stored at a key, or all entries of an object, then each change of it, "
    "until Ctrl-C.",
)
