"""The program in a pseudo terminal, with all bytes that it writes."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from ska_sdp_config.cli.program import run
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import PROGRAM, environment, restored_process

COLOURS = {"TERM": "xterm-256color"}


def without_size(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that override the size of the terminal."""
    return {name: text for name, text in variables.items() if name not in ("COLUMNS", "LINES")}


def run_in_terminal(
    server: Etcd,
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
) -> tuple[int, str]:
    """Run a program in a terminal of 60 columns; return its exit code and its output."""
    with _terminal() as (theirs, received):
        done = subprocess.run(
            [*program, *args],
            env=_environment(server, env),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            timeout=120,
            check=False,
        )
    return done.returncode, _text(received)


def run_here_in_terminal(
    server: Etcd, args: Sequence[str], env: Mapping[str, str] | None = None, typed: str = ""
) -> tuple[int, str]:
    """Run the program in this process, which is fast; a text is typed at the start."""
    with (
        _terminal(typed) as (theirs, received),
        restored_process(_environment(server, env)) as patch,
        open(theirs, encoding="utf-8", closefd=False) as stdin,
        open(theirs, "w", encoding="utf-8", closefd=False) as stdout,
        open(theirs, "w", encoding="utf-8", closefd=False, buffering=1) as stderr,
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        patch.setattr("sys.stdin", stdin)
        code = run(args)
    return code, _text(received)


@contextmanager
def _terminal(typed: str = "") -> Iterator[tuple[int, bytearray]]:
    ours, theirs = pty.openpty()
    received = bytearray()

    def receive() -> None:
        try:
            while part := os.read(ours, 4096):
                received.extend(part)
        except OSError:
            pass  # Linux's way to report that the other side is closed.

    thread = threading.Thread(target=receive)
    thread.start()
    try:
        if typed:
            os.write(ours, typed.encode())
        yield theirs, received
    finally:
        os.close(theirs)
        thread.join()
        os.close(ours)


def _environment(server: Etcd, env: Mapping[str, str] | None) -> dict[str, str]:
    return environment(server, {"TERM": "xterm", "COLUMNS": "60", **(env or {})})


def _text(received: bytearray) -> str:
    return received.decode(errors="surrogateescape").replace("\r\n", "\n")
