"""Program in a pseudo terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pexpect.fdpexpect import fdspawn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Program"]

_INTERRUPT = "\x03"
_EXIT_TIMEOUT_S = 10.0


class Program:
    """Program in a terminal that pexpect reads and writes; a context manager that closes it.

    Pexpect itself would fork this process. If it uses gRPC, whose threads then find closed file
    descriptors in the child, the child occasionally ends before it executes the program.

    Attributes:
        screen: the terminal: ``expect`` reads the output, ``send`` types.

    Args:
        arguments: the program and its arguments.
        environment: all its environment variables.
        size: rows and columns of the terminal, which does not echo what is typed.
        timeout: seconds for an ``expect``.
        directory: the working directory, by default that of this process.

    Raises:
        FileNotFoundError: there is no such directory, or setsid (util-linux) or env (GNU
            coreutils) is not installed.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        size: tuple[int, int],
        timeout: float,
        directory: Path | None = None,
    ) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
        mode = termios.tcgetattr(theirs)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, mode)
        try:
            self._process = subprocess.Popen(
                # Ctrl-C is sent only to the session of the terminal. A shell's background jobs
                # ignore SIGINT, and their children inherit that.
                ["setsid", "--ctty", "env", "--default-signal=INT", *arguments],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                cwd=directory,
                env=environment,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self.screen: fdspawn[str] = fdspawn(
            ours, timeout=timeout, encoding="utf-8", codec_errors="replace"
        )

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.screen.send(_INTERRUPT)

    def send_signal(self, number: int) -> None:
        """Send a signal to the program."""
        self._process.send_signal(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> int:
        """Close the terminal, and return the exit code; kill the program if it does not end."""
        self.screen.close()
        try:
            return self._process.wait(_EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
