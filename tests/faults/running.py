"""Processes of the clients of a run, and all checks of its histories."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.faults.checkers.commands import check_commands
from tests.faults.checkers.counter import check_counter
from tests.faults.checkers.early_ends import excused_s
from tests.faults.checkers.events import Standing, Subscription, check_events
from tests.faults.checkers.implied import implied_values
from tests.faults.checkers.mirrors import check_mirrors
from tests.faults.checkers.ownership import check_ownership
from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.checkers.serializability import check_serializability
from tests.faults.checkers.transfers import check_transfers
from tests.faults.database_log import Change
from tests.faults.history import SUFFIX, Operation, of_kind
from tests.faults.limits import LEASE_TTL_S
from tests.faults.transactions import DATA

__all__ = [
    "ClientProcess",
    "Findings",
    "check_all",
    "end_of",
    "find_all",
    "history_of",
    "run_clients",
]

END_WITHIN_S = 60.0
"""Time in which a client ends after SIGTERM: longer than its longest call."""

ABORT_WITHIN_S = 10.0
"""Time in which a client prints its threads after SIGABRT, and ends."""

STATES = re.compile(r"^(?:Name|State|SigPnd|ShdPnd|SigBlk):.*$", re.MULTILINE)
"""Lines of the status of a thread that show why it waits."""


def history_of(directory: Path, name: str) -> Path:
    """Return the file of the history of a client."""
    return directory / f"{name}{SUFFIX}"


class ClientProcess:
    """A client program in a process of its own, whose output is in the file ``NAME.log``.

    Args:
        program: name of its module in ``tests.faults.clients``.
        name: name of the client, unique in the run.
        directory: directory of the histories.
        environment: environment variables with the addresses of the databases.
        arguments: further arguments of the program.
        seed: random seed.
    """

    def __init__(
        self,
        program: str,
        name: str,
        directory: Path,
        environment: Mapping[str, str],
        *arguments: str,
        seed: int = 0,
    ) -> None:
        self.name = name
        self._log = directory / f"{name}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    f"tests.faults.clients.{program}",
                    f"--seed={seed}",
                    f"--history={history_of(directory, name)}",
                    *arguments,
                ],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """Process ID, also after the end."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP, SIGCONT or SIGKILL."""
        self._process.send_signal(number)

    def wait(self, within: float) -> None:
        """Wait until it has ended by itself.

        Raises:
            subprocess.TimeoutExpired: it has not ended in time.
        """
        self._process.wait(within)

    def end(self) -> int:
        """Request its end unless it has ended, wait for it, and return the exit code."""
        self.request_end()
        return self.wait_end()

    def request_end(self) -> None:
        """Request its end unless it has ended.

        Once only: Python does not handle a signal while its process ends.
        """
        self._process.terminate()

    def wait_end(self) -> int:
        """Wait for its end, and return the exit code; kill it if it takes too long."""
        try:
            return self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._log_threads()
            # A suspended process handles no other signal.
            self._process.send_signal(signal.SIGCONT)
            # Python then writes where each of its threads is.
            self._process.send_signal(signal.SIGABRT)
        try:
            return self._process.wait(ABORT_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _log_threads(self) -> None:
        """Write to the log in which system call each thread waits, and its pending signals."""
        with self._log.open("a") as log:
            log.write(f"{self.name} has not ended within {END_WITHIN_S:g} s:\n")
            for thread in sorted(Path(f"/proc/{self.pid}/task").glob("*")):
                # It may end meanwhile.
                with suppress(OSError):
                    states = STATES.findall((thread / "status").read_text())
                    wait = (thread / "wchan").read_text()
                    log.write(f"{thread.name} {wait} {' '.join(states)}\n")


@contextmanager
def run_clients(clients: Sequence[ClientProcess]) -> Iterator[None]:
    """Run the body while clients work; end them afterwards.

    Raises:
        AssertionError: a client ended by an error.
    """
    try:
        yield
    finally:
        codes = {each.name: each.end() for each in clients}
    assert not any(codes.values()), codes


class Findings(NamedTuple):
    """Results of the checkers.

    Attributes:
        violations: a message for each violation.
        standing: number of values that were stable for so long that a subscriber had to show
            them, by subscriber and attribute.
        excused_stuck: number of states that did not continue in time because of an outage, a
            step of the clock, or a command of another client.
        excused_ownership: number of messages about ownership that are no violations, as etcd may
            have ended a lease too early.
    """

    violations: list[str]
    standing: Counter[Subscription]
    excused_stuck: int = 0
    excused_ownership: int = 0


def check_all(
    operations: Sequence[Operation],
    changes: Sequence[Change],
    *,
    limit_s: float,
    settled: int = 0,
) -> list[str]:
    """Return the violations of a run without faults; see ``find_all``."""
    standing = Standing(limit_s, end_of(operations))
    return find_all(
        operations, changes, standing_of=lambda _: standing, settled=settled
    ).violations


def find_all(
    operations: Sequence[Operation],
    changes: Sequence[Change],
    *,
    standing_of: Callable[[str], Standing],
    settled: int = 0,
) -> Findings:
    """Return what all checkers find.

    Args:
        operations: all operations of the run, in the order of their beginnings.
        changes: all changes of the database, oldest first.
        standing_of: returns the limit of the time within which subscribers of a subarray have to
            show a value.
        settled: revision that each mirror must have reached, 0 for none.
    """
    times = RevisionTimes(operations, changes)
    excused = excused_s(operations, LEASE_TTL_S)
    wrong_owners = check_ownership(operations, changes, times, excused)
    violations = [
        *check_serializability(operations, changes),
        *check_counter(operations, changes),
        *check_transfers(operations, changes),
        *check_mirrors(operations, changes, DATA, settled),
        *wrong_owners,
        *check_commands(operations, changes, times),
    ]
    shown: Counter[Subscription] = Counter()
    events = of_kind(operations, "event", "subscribed")
    for subarray in sorted({each.details["subarray"] for each in events}):
        implied = implied_values(changes, subarray)
        found, checked = check_events(operations, implied, subarray, times, standing_of(subarray))
        violations += found
        shown += checked
    excused_ownership = 0
    if excused:
        excused_ownership = len(check_ownership(operations, changes, times)) - len(wrong_owners)
    return Findings(violations, shown, excused_ownership=excused_ownership)


def end_of(operations: Iterable[Operation]) -> float:
    """Return the time of the last record of a run, on the monotonic clock."""
    return max((each.began.monotonic for each in operations), default=0.0)
