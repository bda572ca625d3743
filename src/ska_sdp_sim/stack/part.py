"""A part of the stack: a server program that is started, awaited, broken and started again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.process import ServerProcess, StartError

if TYPE_CHECKING:
    from typing_extensions import Self

_BIND_TRIES = 5


def never_interrupted() -> None:
    """Let a wait go on."""


class Part(ABC):
    """A server with its log; it runs after ``start``, or inside ``with``.

    Args:
        name: What messages call it.
        log: File that its output is appended to; its directory is made.
    """

    patience = 30.0
    """Seconds that a start may take."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: ServerProcess | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments."""

    def environment(self) -> dict[str, str] | None:
        """The whole environment of the program; None for that of this process."""
        return None

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is this server, and not an earlier or another one, that serves."""

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
        """Start the process without waiting for its answer.

        Raises:
            FileNotFoundError: its program is not installed.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = ServerProcess(
            self.name, self.command(), log=self.log, env=self.environment()
        )

    def wait(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Wait until it answers.

        Args:
            interrupted: Called while waiting; raises to end the wait, the process stays.

        Raises:
            StartError: it ended or did not answer in time; it does not run any more.
        """
        try:
            self.process.wait_until(self.answers, self.patience, interrupted)
        except StartError:
            self.kill()
            raise

    def start(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Start it and wait until it answers.

        Raises:
            FileNotFoundError: its program is not installed.
            StartError: it ended or did not answer in time; it does not run any more.
        """
        self.launch()
        self.wait(interrupted)

    def stop(self) -> None:
        """End it in good order; what it stored stays."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self.process.resume()

    def restart(self) -> None:
        """Start it again, after stopping it if it runs.

        Raises:
            StartError: it ended or did not answer in time.
        """
        self.stop()
        self.start()


class PortPart(Part):
    """A server that must be told its port, and keeps it when it is started again.

    Args:
        name: What messages call it.
        log: File that its output is appended to.
        port: Its port on 127.0.0.1; None takes a free one.
    """

    host = "127.0.0.1"
    bind_failure: str
    """What its log says when the port is taken."""

    def __init__(self, name: str, log: Path, port: int | None) -> None:
        super().__init__(name, log)
        self._asked_for = port
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
        """Start the process on its port, a free one the first time."""
        if self._port is None:
            self._port = free_port(self.host)
        super().launch()

    def wait(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Wait until it answers, on another port if the one it chose was taken meanwhile."""
        for attempt in range(1, _BIND_TRIES + 1):
            try:
                super().wait(interrupted)
            except StartError:
                taken = self.bind_failure in self.process.output()
                chosen = self._asked_for is None and not self._was_up
                if not (taken and chosen) or attempt == _BIND_TRIES:
                    raise
                self._port = None
                self.launch()
            else:
                self._was_up = True
                return
