"""An empty database, and the command line in this process or as a process."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.program import run
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import CALL

from .samples import STORED
from .web import Web, serve

PROGRAM = (sys.executable, "-m", "ska_sdp_config.cli")

BACKENDS = pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])

AT_ONCE = CALL / 2
"""Seconds within which a command ends if it does not wait for a silent database."""


@pytest.fixture(autouse=True, scope="module")
def _patience() -> Iterator[None]:
    """Let neither the tests nor their programs time out if the database is only slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDP_CONFIG_TIMEOUT", str(CALL))
        yield


@pytest.fixture(autouse=True, scope="module")
def _same_level() -> Iterator[None]:
    """Restore the log level, which the program sets for its whole process."""
    logger = logging.getLogger("ska_sdp_config")
    level = logger.level
    yield
    logger.setLevel(level)


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def assert_rejected(result: Result, code: int, complaint: str) -> None:
    """Check the exit code, and that an error of one line is all that was printed."""
    assert (result.code, result.out) == (code, "")
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1


Run = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]


def environment(server: Etcd, extra: Mapping[str, str]) -> dict[str, str]:
    own = {"SDP_CONFIG_HOST": server.host, "SDP_CONFIG_PORT": str(server.port)}
    plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return plain | own | dict(extra)


@pytest.fixture
def database(etcd: Etcd) -> Iterator[Config]:
    """The database, empty."""
    with Config(host=etcd.host, port=etcd.port) as config:
        empty(config)
        yield config


@pytest.fixture
def samples(database: Config) -> Config:
    fill(database, STORED)
    return database


def empty(config: Config) -> None:
    config.backend.store.commit([], [Delete(EVERYTHING)], timeout=CALL)


def fill(config: Config, entries: Mapping[str, Any]) -> None:
    """Store values: strings verbatim, others in the library's encoding."""
    for txn in config.txn():
        for path, value in entries.items():
            txn.create(path, value if isinstance(value, str) else encode(value))


def contents(config: Config) -> dict[str, str]:
    """Return all stored texts by path."""
    found: dict[str, str] = {}
    for txn in config.txn():
        found = dict(txn.raw.list_values("/", 15))
    return found


def run_command(
    words: Sequence[str], env: Mapping[str, str] | None = None, stdin: str = ""
) -> Result:
    """Run any command to its end."""
    done = subprocess.run(
        words, env=env, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def run_process(
    server: Etcd, args: Sequence[str], env: Mapping[str, str] | None = None, stdin: str = ""
) -> Result:
    """Run the program to its end."""
    return run_command([*PROGRAM, *args], environment(server, env or {}), stdin)


def run_here(
    server: Etcd, args: Sequence[str], env: Mapping[str, str] | None = None, stdin: str = ""
) -> Result:
    """Run the program to its end in this process, with its own environment and streams."""
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        for name, value in environment(server, env or {}).items():
            patch.setenv(name, value)
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        return Result(run(args), out.getvalue(), err.getvalue())


def run_all(server: Etcd, entries: Mapping[str, Any], lines: Iterable[str]) -> dict[str, Result]:
    """Run many command lines that only read, in this process, on a database with entries."""
    with Config(host=server.host, port=server.port) as config:
        empty(config)
        fill(config, entries)
    return {line: run_here(server, line.split()) for line in lines}


@pytest.fixture
def ska_sdp(database: Config, etcd: Etcd) -> Run:
    return lambda *args, env=None, stdin="", server=etcd: run_process(server, args, env, stdin)


@pytest.fixture
def parse(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process, for command lines that need no database."""

    return lambda *args: Result(run(args), *capsys.readouterr())


@pytest.fixture
def here(database: Config, etcd: Etcd) -> Run:
    """Run the program in this process on the database, which is fast."""
    return lambda *args, stdin="": run_here(etcd, args, stdin=stdin)


@pytest.fixture
def start(database: Config, etcd: Etcd) -> Iterator[Start]:
    """Start the program; it is killed at the end of the test."""
    with ExitStack() as started:

        def begin(*args: str, **popen: Any) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [*PROGRAM, *args],
                env=environment(popen.pop("server", etcd), {}),
                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | popen,
            )
            started.enter_context(process)
            started.callback(process.send_signal, signal.SIGKILL)
            return process

        yield begin


@pytest.fixture
def line_editor(tmp_path: Path) -> str:
    """Return an editor that writes ``{"edited": 1}``."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf \'{"edited": 1}\' > "$1"\n')
    editor.chmod(0o755)
    return str(editor)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """HTTP server, for clients without a proxy."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with serve() as site:
        yield site


def interrupt(process: subprocess.Popen[str]) -> tuple[int, float, str]:
    """Send Ctrl-C; return the exit code, the seconds until the end, and standard error."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    return process.returncode, time.monotonic() - began, err


def update(config: Config, path: str, text: str) -> None:
    for txn in config.txn():
        txn.update(path, text)
