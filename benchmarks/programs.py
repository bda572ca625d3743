"""Programs of this package in processes of their own, with lines in both directions."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Program"]

TIMEOUT_S = 120.0


class Program:
    """A running program, which is killed on exit.

    Args:
        module: name of its module in this package.
        arguments: its arguments.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        # The end of the program.
        self._lines.put(None)

    def send(self, line: str) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def next_line(self) -> str:
        """Wait for a line and return it.

        Raises:
            queue.Empty: there was none in two minutes.
            RuntimeError: the program ended.
        """
        line = self._lines.get(timeout=TIMEOUT_S)
        if line is None:
            code = self._process.wait(TIMEOUT_S)
            raise RuntimeError(f"{self._process.args!r} ended with exit code {code}.")
        return line

    def wait_for(self, line: str) -> None:
        """Wait for a line.

        Raises:
            RuntimeError: the program ended.
            ValueError: the program wrote another one.
        """
        found = self.next_line()
        if found != line:
            raise ValueError(f"{self._process.args!r} wrote {found!r} instead of {line!r}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()
