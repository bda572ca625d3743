"""The clients of a run, which faults pause, kill and replace."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.clock import with_real_clock
from tests.faults.history import HistoryWriter
from tests.faults.running import ClientProcess, history_of

__all__ = ["Clients"]


REAL_CLOCK = ("subscriber",)
"""Programs that have the clock of the machine: Tango's client measures by the wall clock how long
no heartbeat has come, and does not detect the end of a server after a step back."""


@dataclass
class _Client:
    """A running client, and what starts its successor."""

    program: str
    arguments: Sequence[str]
    process: ClientProcess
    has_fault: bool = False


class Clients:
    """Processes of the clients of a run. Thread-safe; a context manager that ends them.

    A client is named by its program and a number. The history ``clients`` has an operation of
    kind ``started`` with the detail ``name`` for each client, and one of kind ``killed`` for each
    that was killed, recorded before the signal.

    Args:
        directory: directory of the histories.
        environment: environment variables with the addresses of the databases.
        seed: random seed.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str], *, seed: int = 0) -> None:
        self._directory = directory
        self._environment = dict(environment)
        self._seed = seed
        self._running: dict[str, _Client] = {}
        self._killed: dict[str, _Client] = {}
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._history = HistoryWriter(history_of(directory, "clients"), "clients")

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        codes = self.end()
        self._history.close()
        if kind is None:
            assert not any(codes.values()), f"clients ended by errors: {codes}"

    @property
    def names(self) -> list[str]:
        """Names of the clients that were started and not killed."""
        with self._lock:
            return list(self._running)

    @property
    def processes(self) -> dict[str, int]:
        """Process IDs of these clients, by name."""
        with self._lock:
            return {name: client.process.pid for name, client in self._running.items()}

    def start(self, program: str, *arguments: str) -> str:
        """Start a client, and return its name.

        Args:
            program: name of its module in ``tests.faults.clients``.
            arguments: further arguments of the program.
        """
        environment = self._environment
        if program in REAL_CLOCK:
            environment = with_real_clock(environment)
        with self._lock:
            self._numbers[program] += 1
            name = f"{program}-{self._numbers[program]}"
            process = ClientProcess(
                program, name, self._directory, environment, *arguments, seed=self._seed
            )
            self._running[name] = _Client(program, arguments, process)
        self._history.note("started", name=name)
        return name

    def claim(self, programs: Sequence[str], chance: random.Random) -> str | None:
        """Return a client of some programs that had no fault, None without one.

        It has one until ``free``.
        """
        with self._lock:
            free = [
                name
                for name, client in self._running.items()
                if client.program in programs and not client.has_fault
            ]
            if not free:
                return None
            name = chance.choice(free)
            self._running[name].has_fault = True
            return name

    def free(self, name: str) -> None:
        """End what ``claim`` began."""
        with self._lock:
            self._running[name].has_fault = False

    def pause(self, name: str) -> None:
        """Suspend a client."""
        self._running[name].process.send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Resume a client after ``pause``."""
        self._running[name].process.send(signal.SIGCONT)

    def kill(self, name: str) -> None:
        """Kill a client with SIGKILL.

        Raises:
            AssertionError: it had ended before.
        """
        with self._lock:
            client = self._killed[name] = self._running.pop(name)
        # Recorded before: nothing is due from the client since.
        self._history.note("killed", name=name)
        client.process.send(signal.SIGKILL)
        code = client.process.wait_end()
        assert code == -signal.SIGKILL, f"{name} had ended with exit code {code} before its kill"

    def replace(self, name: str) -> str:
        """Start the successor of a killed client, and return its name."""
        client = self._killed.pop(name)
        return self.start(client.program, *client.arguments)

    def end(self, *programs: str) -> dict[str, int]:
        """End the clients of some programs, by default all; return their exit codes by name."""
        with self._lock:
            ended = {
                name: client.process
                for name, client in self._running.items()
                if not programs or client.program in programs
            }
            for name in ended:
                del self._running[name]
        for process in ended.values():
            # A suspended process handles no other signal.
            process.send(signal.SIGCONT)
            process.request_end()
        return {name: process.wait_end() for name, process in ended.items()}
