"""Snapshots of a target whenever it changes, until Ctrl-C or a timeout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import TimedOut
from ska_sdp_config.cli.interrupts import EndRequest, end_on_interrupt, end_on_timeout
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.store.errors import ConfigConnectionError

if TYPE_CHECKING:
    from ska_sdp_config.config import Config

__all__ = ["WaitContext", "follow", "note_if_missing", "open_wait"]


class WaitContext:
    """State of a command that waits for changes.

    Args:
        config: the database.
        ctrl_c: set on Ctrl-C.
        time_up: set on timeout.
        late: the error to raise on timeout.
    """

    def __init__(
        self, config: Config, ctrl_c: EndRequest, time_up: EndRequest, late: TimedOut
    ) -> None:
        self.config = config
        self._ctrl_c = ctrl_c
        self._time_up = time_up
        self._late = late

    def on_end(self, wake: Callable[[], None]) -> None:
        """Set a callback that another thread calls on Ctrl-C or timeout."""
        self._ctrl_c.wake = self._time_up.wake = wake

    def is_running(self) -> bool:
        """Return whether to continue: False after Ctrl-C.

        Raises:
            TimedOut: the timeout has elapsed.
        """
        if self._time_up.is_set:
            raise self._late
        return not self._ctrl_c.is_set


@contextmanager
def open_wait(prefix: str, timeout: float | None, *, code: int = 0) -> Iterator[WaitContext]:
    """Open the database for a command that waits; no pending call delays its end.

    Args:
        prefix: the global prefix.
        timeout: seconds, None for no limit.
        code: the exit code if Ctrl-C must kill the process.

    Raises:
        TimedOut: the database did not reply within the timeout.
    """
    late = TimedOut(f"Timed out after {timeout or 0:g} s: use a longer --timeout, or none.")
    with (
        end_on_interrupt(code) as ctrl_c,
        open_config(prefix, nullcontext(), waits=True) as config,
        end_on_timeout(timeout, late.exit_code, str(late)) as time_up,
    ):
        try:
            yield WaitContext(config, ctrl_c, time_up, late)
        except ConfigConnectionError as exc:
            if time_up.is_set:
                raise late from exc
            raise


def note_if_missing(target: Target, found: dict[str, str]) -> None:
    """Print a note on a terminal if the target does not exist yet."""
    if not found and sys.stderr.isatty():
        note(f"There is nothing at {target.path} yet: waiting, press Ctrl-C to stop.")


def follow(
    target: Target, prefix: str, timeout: float | None, *, quiet: bool = False, code: int = 0
) -> Generator[dict[str, str], None, None]:
    """Yield the entries of a target now and after changes, until Ctrl-C.

    Changes in quick succession may be combined.

    Args:
        target: the key or object.
        prefix: the global prefix.
        timeout: seconds, None for no limit.
        quiet: whether to suppress the note that the target does not exist yet.
        code: the exit code if Ctrl-C must kill the process.

    Raises:
        TimedOut: the timeout has elapsed.
        ConfigConnectionError: the database was unreachable at the start, or rejected a call.
    """
    with open_wait(prefix, timeout, code=code) as wait:
        # A watcher retries without end: an unreachable database must be reported here.
        for txn in wait.config.txn():
            found = target.read(txn.raw)
            if not quiet:
                note_if_missing(target, found)
        watcher = wait.config.watcher()
        wait.on_end(watcher.trigger)
        for turn in watcher:
            if not wait.is_running():
                return
            read: dict[str, str] | None = None
            for txn in turn.txn():
                read = target.read(txn.raw)
            if read is not None:
                yield read
