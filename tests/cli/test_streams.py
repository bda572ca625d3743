"""Standard streams that are closed or full, and the end of the process without a connection."""

from __future__ import annotations

import shlex
import socket
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import (
    PROGRAM,
    Result,
    assert_rejected,
    contents,
    environment,
    fill,
    run_command,
    run_process,
)

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no device that is full")


def run_in_shell(server: Etcd, line: str) -> Result:
    words = ["sh", "-c", f"exec {shlex.join(PROGRAM)} {line}"]
    return run_command(words, environment(server, {}))


@needs_full
@pytest.mark.parametrize("options", ["-q", "-o json", "--eb={}"])
def test_failed_output_names_the_created_paths(database: Config, etcd: Etcd, options: str) -> None:
    fill(database, {"/script/batch:a:1": {}})
    result = run_in_shell(etcd, f"create pb batch:a:1 {options} > {FULL}")
    created = [path for path in contents(database) if path.count("/") == 2][:-1]
    named = " and ".join(sorted(created, reverse=True))
    assert (result.code, result.err) == (
        1,
        f"ska-sdp: Created {named}, but cannot print it: No space left on device.\n",
    )


@needs_full
@pytest.mark.parametrize("line", ["list -a", "get /x -o json", "delete /x", "-h"])
def test_failed_output_is_reported_on_one_line(database: Config, etcd: Etcd, line: str) -> None:
    fill(database, {"/x": 1})
    reason = "No space left on device; the command may have been executed.\n"
    result = run_in_shell(etcd, f"{line} > {FULL}")
    assert result == (1, "", f"ska-sdp: Cannot write the output: {reason}")


CLOSED: list[tuple[str, Any]] = [
    (
        "list -a >&-",
        (1, "", "ska-sdp: Standard output is closed: redirect it, e.g. with >/dev/null.\n"),
    ),
    ("create /y 1 >&-", (1, "", None)),
    ("list -a 2>&-", (0, "/pb/pb-a\n/x\n", "")),
    ("list -a <&- 2>&-", (0, "/pb/pb-a\n/x\n", "")),
    ("get /none 2>&-", (3, "", "")),
    ("delete -a pb <&-", (1, "", None)),
]


@pytest.mark.parametrize(("line", "wanted"), CLOSED, ids=[line for line, _ in CLOSED])
def test_closed_streams_change_nothing(
    database: Config, etcd: Etcd, line: str, wanted: Any
) -> None:
    fill(database, {"/x": 1, "/pb/pb-a": {}})
    result = run_in_shell(etcd, line)
    code, out, err = wanted
    assert result[:2] == (code, out)
    assert (result.err == err) if err is not None else (len(result.err.splitlines()) <= 2)
    assert "report it" not in result.err
    assert list(contents(database)) == ["/pb/pb-a", "/x"]


def test_unreachable_database_ends_the_process_with_one_line_and_code_5(etcd: Etcd) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        result = run_process(etcd, ["list", "-a", "--host=127.0.0.1", f"--port={port}"])
    assert_rejected(result, 5, "connection refused")
