"""A program in a terminal, started so that nothing of this process comes along."""

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
_SECONDS_TO_END = 10.0


class Program:
    """A program whose terminal is read and written by pexpect; a context that closes it.

    Pexpect's own way to start one is a fork. What gRPC has running in a process that uses the
    database comes to life in the child, where it finds its descriptors closed, and now and then
    it ends the child before that has become the program.

    Attributes:
        screen: what the program prints, for pexpect's ``expect``, and where it is typed to.

    Args:
        arguments: the program and its arguments.
        environment: its variables, all of them.
        size: rows and columns of the terminal, which does not repeat what is typed.
        timeout: seconds that an expectation may take.
        directory: where it begins; where this process is, if none is given.

    Raises:
        FileNotFoundError: there is no such directory, or no setsid or env, of util-linux and GNU.
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
                # An interrupt reaches only the session that the terminal belongs to; and none
                # reaches what a shell has started in the background, nor what that starts.
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> int:
        """Close the terminal, and get the program's exit code; a deaf one is killed."""
        self.screen.close()
        try:
            return self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
