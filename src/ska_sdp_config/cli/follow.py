"""What is stored for a target, time after time as it changes, until Ctrl-C or for some time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import TimeUp
from ska_sdp_config.cli.interrupts import Ending, ending, timed
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.store.errors import ConfigConnectionError

if TYPE_CHECKING:
    from ska_sdp_config.config import Config

__all__ = ["Course", "follow", "following", "tell_of_nothing"]


class Course:
    """A command that waits, and has not ended.

    Args:
        config: the database.
        ctrl_c: whether Ctrl-C has come.
        time_up: whether it has taken as long as it may.
        late: what to raise then.
    """

    def __init__(self, config: Config, ctrl_c: Ending, time_up: Ending, late: TimeUp) -> None:
        self.config = config
        self._ctrl_c = ctrl_c
        self._time_up = time_up
        self._late = late

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Have something called, by another thread, when this is to end."""
        self._ctrl_c.wake = self._time_up.wake = wake

    def goes_on(self) -> bool:
        """Tell whether Ctrl-C has not come.

        Raises:
            TimeUp: it took too long.
        """
        if self._time_up.came:
            raise self._late
        return not self._ctrl_c.came


@contextmanager
def following(prefix: str, timeout: float | None, *, code: int = 0) -> Iterator[Course]:
    """Open the database for a command that waits. No call holds it up for long when it is to end.

    Args:
        prefix: what stands before the paths of objects.
        timeout: seconds that it may take, None for ever.
        code: the exit code if Ctrl-C has to end the process.

    Raises:
        TimeUp: the database did not answer while there was time.
    """
    late = TimeUp(f"{timeout or 0:g} s are over: give a longer --timeout, or none.")
    with (
        ending(code) as ctrl_c,
        open_config(prefix, nullcontext(), waits=True) as config,
        timed(timeout, late.exit_code, str(late)) as time_up,
    ):
        try:
            yield Course(config, ctrl_c, time_up, late)
        except ConfigConnectionError as exc:
            if time_up.came:
                raise late from exc
            raise


def tell_of_nothing(target: Target, found: dict[str, str]) -> None:
    """Tell a user at a terminal that there is nothing yet, if so."""
    if not found and sys.stderr.isatty():
        note(f"There is nothing at {target.path} yet: waiting, Ctrl-C ends it.")


def follow(
    target: Target, prefix: str, timeout: float | None, *, quiet: bool = False, code: int = 0
) -> Generator[dict[str, str], None, None]:
    """Get the entries of a target, and again whenever they have changed, until Ctrl-C.

    Changes that come fast may be got together.

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
    with following(prefix, timeout, code=code) as course:
        # A watcher waits for a database that has gone, also for one that never was.
        for txn in course.config.txn():
            found = target.read(txn.raw)
            if not quiet:
                tell_of_nothing(target, found)
        watcher = course.config.watcher()
        course.wake_by(watcher.trigger)
        for turn in watcher:
            if not course.goes_on():
                return
            read: dict[str, str] | None = None
            for txn in turn.txn():
                read = target.read(txn.raw)
            if read is not None:
                yield read
