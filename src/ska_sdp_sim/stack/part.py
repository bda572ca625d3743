"""Base classes for the parts of the stack: server programs with start and fault injection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.process import ServerProcess, StartError

if TYPE_CHECKING:
    from typing_extensions import Self

_MAX_BIND_ATTEMPTS = 5


def never_interrupted() -> None:
    """Do nothing: the default of ``interrupted``."""


class Part(ABC):
    """A server program whose output is appended to a log. A context manager."""

    start_timeout_s = 30.0
    """Timeout of a start, in seconds."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: ServerProcess | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line."""

    def environment(self) -> dict[str, str] | None:
        """Return the complete environment of the program; None inherits that of this process."""
        return None

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether this process, not an earlier or another server, responds."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process(self) -> ServerProcess:
        """The process, running or ended.

        Raises:
            RuntimeError: it was never started.
        """
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started: call start()")
        return self._process

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.alive

    def launch(self) -> None:
        """Start the process; raises FileNotFoundError if its program is not installed."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = ServerProcess(
            self.name, self.command(), log=self.log, env=self.environment()
        )

    def wait(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Wait until it is ready.

        ``interrupted`` is called while waiting; it may raise to abort the wait, without a stop.

        Raises:
            StartError: it ended or did not respond in time; it was killed.
        """
        try:
            self.process.wait_until(self.is_ready, self.start_timeout_s, interrupted)
        except StartError:
            self.kill()
            raise

    def start(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Start it and wait; see ``launch`` and ``wait`` for the errors."""
        self.launch()
        self.wait(interrupted)

    def stop(self) -> None:
        """Stop it gracefully; its data stay."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.process.kill()

    def pause(self) -> None:
        """Suspend it: connections stay open without responses."""
        self.process.pause()

    def resume(self) -> None:
        """Resume it after ``pause``."""
        self.process.resume()

    def restart(self) -> None:
        """Stop it if it runs, and start it."""
        self.stop()
        self.start()


class PortPart(Part):
    """A server on 127.0.0.1, on a given or a free port that stays the same after a restart."""

    host = "127.0.0.1"
    bind_failure: str
    """Text in its log when the port is in use."""

    def __init__(self, name: str, log: Path, port: int | None) -> None:
        super().__init__(name, log)
        self._fixed_port = port
        self._port = port
        self._was_up = False

    @property
    def port(self) -> int:
        """Its port.

        Raises:
            RuntimeError: it was never started and no port was given.
        """
        if self._port is None:
            raise RuntimeError(f"{self.name} has no port before its first start: call start()")
        return self._port

    @property
    def endpoint(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"

    def launch(self) -> None:
        """Start the process on its port, chosen on the first start."""
        if self._port is None:
            self._port = free_port(self.host)
        super().launch()

    def wait(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Wait until it is ready; retry on another port if the chosen one was taken meanwhile."""
        for attempt in range(1, _MAX_BIND_ATTEMPTS + 1):
            try:
                super().wait(interrupted)
            except StartError:
                taken = self.bind_failure in self.process.output()
                chosen = self._fixed_port is None and not self._was_up
                if not (taken and chosen) or attempt == _MAX_BIND_ATTEMPTS:
                    raise
                self._port = None
                self.launch()
            else:
                self._was_up = True
                return
