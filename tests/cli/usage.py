"""Lines of usage that must work, each run on a real etcd."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import PROGRAM, Result, Run, contents, environment, run_here, run_process

__all__ = ["Use", "check_use", "runs"]

Use = tuple[str, str] | tuple[str, str, str, object]
"""A command, the beginning of its output, and, if it writes a key, the key and its value
afterwards, None for no key."""


def runs(usage: Mapping[str, Sequence[Use]]) -> list[Any]:
    """Return parameters ``run`` and ``use``: each line here, and some lines as a process.

    Those are the first of each usage, and all that read standard input or a file, or start an
    editor. Processes are slow, so they are in the long tests.
    """
    here = [pytest.param(run_here, use, id=use[0]) for uses in usage.values() for use in uses]
    processes = [
        pytest.param(run_process, use, id=f"process of {use[0]}", marks=pytest.mark.long)
        for uses in usage.values()
        for use in uses
        if use is uses[0] or _depends_on_process(use[0])
    ]
    return here + processes


def _depends_on_process(line: str) -> bool:
    """Return whether a line reads standard input or a file, or starts an editor."""
    words = shlex.split(line)
    return "-" in words or any("@" in word or "edit" in word for word in words)


def check_use(
    database: Config, server: Etcd, run: Run, use: Use, editor: str, stdin: str = ""
) -> None:
    """Run a command, and compare its output and the database with what is expected."""
    words = shlex.split(use[0])
    if "watch" in words and not {"-h", "--help"} & set(words):
        result = run_watch_here(server, words) if run is run_here else run_watch(server, words)
    else:
        result = run(server, words, {"EDITOR": editor}, stdin)
    assert result.code == 0, result.err
    assert result.out.startswith(use[1])
    if len(use) > 2:
        path, value = use[2:]
        assert contents(database).get(path) == (None if value is None else encode(value))


def run_watch_here(server: Etcd, words: list[str]) -> Result:
    """Run watch in this process, with a Ctrl-C after the first line of output."""
    # If watch has ended by itself, the signal must not end the worker.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return run_here(server, words, stdout=lambda: os.kill(os.getpid(), signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)


def run_watch(server: Etcd, words: list[str]) -> Result:
    """Run watch as a process; send Ctrl-C after the first line of output."""
    with subprocess.Popen(
        [*PROGRAM, *words],
        env=environment(server, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=120)
    return Result(process.returncode, printed + rest, err)
