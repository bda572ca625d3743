"""A process of the stack: start, stop, fault injection and output."""

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
_POLL_INTERVAL_S = 0.05


class StartError(RuntimeError):
    """A process ended or did not respond in time during its start."""


class ServerProcess:
    """A program in its own process group.

    It is killed when the thread that started it ends (see ``launch``), so start it from the main
    thread.

    Args:
        name: Name in messages.
        env: Complete environment of the process; None inherits that of this process.
        log: File to append standard output and error to; None inherits those of this process.
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
                [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process ID, also after the end."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.returncode is None

    @property
    def ending(self) -> str:
        """Exit code in words: ``ended with exit code 1``."""
        code = self.returncode
        if code is None or code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"ended with exit code {code} ({signal.Signals(-code).name})"
        except ValueError:
            # A real-time signal has no name.
            return f"ended with exit code {code} (signal {-code})"

    def output(self) -> str:
        """Return the output of this process, without that of earlier ones in the same log."""
        if self.log is None:
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def last_lines(self) -> str:
        """Return the last ten lines of its output."""
        return "\n".join(self.output().splitlines()[-10:])

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self._popen.wait(timeout)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group; no error if the process has ended."""
        if self.alive:
            os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM, without waiting for the end."""
        self.signal(signal.SIGTERM)
        # A suspended process handles no other signal.
        self.signal(signal.SIGCONT)

    def stop(self, timeout: float = 10.0) -> int:
        """Send SIGTERM, then SIGKILL after ``timeout`` seconds; return the exit code."""
        self.terminate()
        return self.wait_or_kill(timeout)

    def wait_or_kill(self, timeout: float = 10.0) -> int:
        """Wait for the end, send SIGKILL after ``timeout`` seconds; return the exit code."""
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Send SIGKILL and return the exit code."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def pause(self) -> None:
        """Suspend it: its connections stay open without responses."""
        if not self.alive:
            return
        self.signal(signal.SIGSTOP)
        # The signal is asynchronous; without this wait, the process could serve another request.
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Resume it after ``pause``."""
        self.signal(signal.SIGCONT)

    def wait_until(
        self,
        is_ready: Callable[[], bool],
        timeout: float,
        interrupted: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait until the program is ready.

        ``interrupted`` is called between two checks, and may raise to abort the wait.

        Raises:
            StartError: the process ended or did not respond in time; includes its last output.
        """
        deadline = time.monotonic() + timeout
        while not is_ready():
            interrupted()
            if not self.alive:
                raise StartError(self.failure_report(self.ending))
            if time.monotonic() > deadline:
                raise StartError(self.failure_report(f"did not respond within {timeout:g} s"))
            time.sleep(_POLL_INTERVAL_S)

    def failure_report(self, what: str) -> str:
        """Return a message with the predicate ``what`` and the last lines of the log."""
        lines = self.last_lines() or "(nothing)"
        return f"{self.name} {what}; its log {self.log} ends with:\n{lines}"
