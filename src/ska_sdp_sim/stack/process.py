"""One operating system process of the stack: start, stop, break, and what it wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
_POLL = 0.05


class StartError(RuntimeError):
    """A process of the stack ended, or did not answer in time, while it was started."""


class ServerProcess:
    """A program in a process group of its own.

    It is killed with the thread that started it (``launch``): start it from the main thread.

    Args:
        name: What messages call it.
        command: Program and arguments.
        env: The whole environment of the process; None means that of this one.
        log: File to append its standard output and error to; None leaves them where those of
            this process go.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path | None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._log_start = log.stat().st_size if log is not None and log.exists() else 0
        with ExitStack() as opened:
            output = None if log is None else opened.enter_context(log.open("ab"))
            self._popen = subprocess.Popen(
                [sys.executable, "-I", str(_LAUNCH), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, also after the end."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for the signal that killed it; None while it runs."""
        return self._popen.poll()

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.returncode is None

    @property
    def ending(self) -> str:
        """How it ended, as the predicate of a sentence: ``ended with exit code 1``."""
        code = self.returncode
        if code is None or code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"ended with exit code {code} ({signal.Signals(-code).name})"
        except ValueError:
            # A real-time signal has no name.
            return f"ended with exit code {code} (signal {-code})"

    def output(self) -> str:
        """All that this process, not an earlier one with the same log, wrote to its log."""
        if self.log is None:
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def last_lines(self) -> str:
        """The last ten lines that it wrote."""
        return "\n".join(self.output().splitlines()[-10:])

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and give the exit code.

        Args:
            timeout: Seconds; None waits without end.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self._popen.wait(timeout)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started; no error if it has ended."""
        if self.alive:
            os.killpg(self.pid, number)

    def ask_to_end(self) -> None:
        """Send SIGTERM, without waiting for the end."""
        self.signal(signal.SIGTERM)
        # A paused process does not see its end coming.
        self.signal(signal.SIGCONT)

    def stop(self, timeout: float = 10.0) -> int:
        """Ask it to end, kill it if it has not within ``timeout`` seconds, give the exit code."""
        self.ask_to_end()
        return self.wait_or_kill(timeout)

    def wait_or_kill(self, timeout: float = 10.0) -> int:
        """Wait for the end, kill it if it has not come within ``timeout`` seconds."""
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once, as a crash would, and give the exit code."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def pause(self) -> None:
        """Freeze it: its connections stay open and nothing answers."""
        if not self.alive:
            return
        self.signal(signal.SIGSTOP)
        # The signal takes effect a moment later, and a moment is enough to answer a call.
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self.signal(signal.SIGCONT)

    def wait_until(
        self,
        answers: Callable[[], bool],
        timeout: float,
        interrupted: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait until the program answers.

        Args:
            answers: True when it does.
            timeout: Seconds.
            interrupted: Called between the tries; raises to end the wait.

        Raises:
            StartError: the process ended or did not answer in time; with its last words.
        """
        deadline = time.monotonic() + timeout
        while not answers():
            interrupted()
            if not self.alive:
                raise StartError(self.obituary(self.ending))
            if time.monotonic() > deadline:
                raise StartError(self.obituary(f"did not answer within {timeout:g} s"))
            time.sleep(_POLL)

    def obituary(self, what: str) -> str:
        """A sentence on its end, with the last lines of its log.

        Args:
            what: The verb and on: ``did not answer``.
        """
        words = self.last_lines() or "(nothing)"
        return f"{self.name} {what}; its log {self.log} ends with:\n{words}"
