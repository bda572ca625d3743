"""What is stored for a target, time after time as it changes."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Generator
from contextlib import nullcontext

from .errors import TimeUp
from .interrupts import ending
from .lookup import Target
from .output import note
from .session import open_config

__all__ = ["follow"]


def follow(
    target: Target, prefix: str, timeout: float | None, *, quiet: bool = False, code: int = 0
) -> Generator[dict[str, str], None, None]:
    """Get the entries of a target, and again whenever they have changed, until Ctrl-C.

    Args:
        target: what to look at.
        prefix: what stands before the paths of objects.
        timeout: seconds that it may take, None for ever.
        quiet: whether to leave it unsaid that there is nothing yet.
        code: the exit code if Ctrl-C has to end the process.

    Raises:
        TimeUp: it took too long.
        ConfigConnectionError: the database does not answer at the start, or refuses; one that
            goes away later is waited for.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    with (
        ending(code) as ctrl_c,
        open_config(prefix, nullcontext(), waits=True) as config,
    ):
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
            found: dict[str, str] = {}
            read = False
            for txn in turn.txn():
                found = target.read(txn.raw)
                read = True
            if read:
                yield found
            if time.monotonic() >= end:
                raise TimeUp(f"{timeout:g} s are over: give a longer --timeout, or none.")
