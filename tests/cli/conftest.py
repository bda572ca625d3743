"""An empty database, and the command line in this process or as a process."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typing_extensions import Buffer

from ska_sdp_config import Config
from ska_sdp_config.cli.program import run
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.interface import Delete, Put
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import compact
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


@pytest.fixture(scope="module")
def _short_history(etcd: Etcd) -> None:
    """Compact the history of all modules before, which some commands read."""
    with Config(host=etcd.host, port=etcd.port) as config:
        # A revision can be compacted only once.
        config.backend.store.commit([], [Put("1/a", "")], timeout=CALL)
        compact(config.backend)


@pytest.fixture
def database(etcd: Etcd, _short_history: None) -> Iterator[Config]:
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
        # In one call; otherwise each creation reads its key.
        txn.get_many(entries)
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


class _Output(io.BytesIO):
    """Output of the program, which calls a function in a thread after the first line."""

    def __init__(self, on_line: Callable[[], object] | None) -> None:
        super().__init__()
        self._on_line = on_line
        self._thread: threading.Thread | None = None

    def write(self, data: Buffer, /) -> int:
        written = super().write(data)
        if self._on_line is not None and self._thread is None and b"\n" in self.getvalue():
            self._thread = threading.Thread(target=self._on_line)
            self._thread.start()
        return written

    def result(self) -> str:
        """Return what was written, once the function has returned."""
        if self._thread is not None:
            self._thread.join()
        return self.getvalue().decode()


def run_here(
    server: Etcd,
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    **on_line: Callable[[], object],
) -> Result:
    """Run the program to its end in this process, with its own environment and streams.

    Functions ``stdout`` and ``stderr`` are called in a thread after the first line there.
    """
    return run_in(environment(server, env or {}), args, stdin, **on_line)


def run_in(
    env: Mapping[str, str],
    args: Sequence[str],
    stdin: str = "",
    **on_line: Callable[[], object],
) -> Result:
    """Run the program to its end in this process, with an environment and its own streams.

    Functions ``stdout`` and ``stderr`` are called in a thread after the first line there.
    """
    given = stdin.encode(errors="surrogateescape")
    streams = {
        "stdin": io.TextIOWrapper(io.BytesIO(given), "utf-8"),
        "stdout": io.TextIOWrapper(_Output(on_line.get("stdout")), "utf-8"),
        "stderr": io.TextIOWrapper(_Output(on_line.get("stderr")), "utf-8", write_through=True),
    }
    with restored_process(env) as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        code = run(args)
    out, err = (_written_to(streams[name]) for name in ("stdout", "stderr"))
    return Result(code, out, err)


@contextmanager
def restored_process(env: Mapping[str, str]) -> Iterator[pytest.MonkeyPatch]:
    """Run the program in this process with an environment, and with the log of a new process.

    A command that is still busy when its timeout elapses, as on a slow machine, would kill the
    process after its grace period, so that is long here. The latency is measured with few reads.
    """
    library = logging.getLogger("ska_sdp_config")
    level, before = library.level, dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ska_sdp_config.cli.interrupts.GRACE_S", CALL)
        patch.setattr("ska_sdp_config.cli.readings.TIMED_READS", 2)
        patch.setattr(logging.getLogger(), "handlers", [])
        library.setLevel(logging.NOTSET)
        _set_environment(env)
        try:
            yield patch
        finally:
            _set_environment(before)
            library.setLevel(level)


def _set_environment(env: Mapping[str, str]) -> None:
    for name in os.environ.keys() - env.keys():
        del os.environ[name]
    for name, value in env.items() - os.environ.items():
        os.environ[name] = value


def _written_to(stream: io.TextIOWrapper) -> str:
    stream.flush()
    written = stream.detach()
    assert isinstance(written, _Output)
    return written.result()


def run_all(server: Etcd, entries: Mapping[str, Any], lines: Iterable[str]) -> dict[str, Result]:
    """Run many command lines that only read, in this process, on a database with entries."""
    with Config(host=server.host, port=server.port) as config:
        empty(config)
        fill(config, entries)
    return {line: run_here(server, line.split()) for line in lines}


@pytest.fixture
def ska_sdp(database: Config, etcd: Etcd) -> Run:
    """Run the program in this process."""
    return lambda *args, env=None, stdin="", server=etcd: run_here(server, args, env, stdin)


@pytest.fixture
def ska_sdp_process(database: Config, etcd: Etcd) -> Run:
    """Run the program as a process, for tests of the process."""
    return lambda *args, env=None, stdin="", server=etcd: run_process(server, args, env, stdin)


@pytest.fixture
def parse(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process, for command lines that need no database."""

    def parse(*args: str) -> Result:
        with restored_process(os.environ):
            return Result(run(args), *capsys.readouterr())

    return parse


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
