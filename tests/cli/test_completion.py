"""Completion of IDs in bash, and its limit."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config import Config
from ska_sdp_config.cli.complete import MAX_COMPLETIONS, _limit
from ska_sdp_config.store.interface import Put
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import CALL, wait_until

from .conftest import environment, fill, run_command

# Calls the function that bash calls on Tab, and prints its result.
BASH = """
eval "$(ska-sdp completion bash)"
COMP_LINE=$1 COMP_POINT=${#1}
"$(complete -p ska-sdp | sed 's/.*-F //; s/ .*//')" ska-sdp
[[ ${#COMPREPLY[@]} == 0 ]] || printf '<%s>\\n' "${COMPREPLY[@]}"
"""


def common(words: Iterable[str]) -> str:
    first, last = min(words), max(words)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(each for each, _ in same)


def complete(server: Etcd, line: str, **variables: str) -> list[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    words = ["bash", "--norc", "-c", BASH, "bash", line]
    result = run_command(words, environment(server, {"PATH": path, **variables}))
    assert (result.code, result.err) == (0, "")
    return [each[1:-1] for each in result.lines]


def offered(server: Etcd, line: str, **variables: str) -> list[str]:
    """Return completions; retry if the database does not respond within a second."""
    found: list[str] = []

    def has_completions() -> bool:
        found[:] = complete(server, line, **variables)
        return bool(found)

    wait_until(has_completions, 60, f"something is offered for {line!r}")
    return found


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_existing_ids(database: Config, etcd: Etcd) -> None:
    many = [f"pb-{kind}-20210101-{n:05}" for kind in ("a", "z") for n in range(400)]
    for begin in range(0, len(many), 100):
        puts = [Put(f"2/pb/{each}", "{}") for each in many[begin : begin + 100]]
        database.backend.store.commit([], puts, timeout=CALL)
    assert complete(etcd, "ska-sdp get pb pb-none") == []
    assert offered(etcd, "ska-sdp get pb pb-z") == many[400:]
    given = offered(etcd, "ska-sdp get pb p")
    assert 2 <= len(given) <= MAX_COMPLETIONS
    assert common(given) == "pb-"
    assert all(any(each.startswith(word) for word in given) for each in many)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_ids_of_the_host_on_the_line(database: Config, etcd: Etcd) -> None:
    fill(database, {"/pb/pb-a": {}})
    line = f"ska-sdp --host {etcd.host}:{etcd.port} get pb "
    assert offered(etcd, line, SDP_CONFIG_PORT="9") == ["pb-a"]
    assert complete(etcd, "ska-sdp help desc") == ["describe"]
    # Plurals are accepted, but not offered.
    assert complete(etcd, "ska-sdp get pb") == ["pb"]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_ids_of_each_object(database: Config, etcd: Etcd) -> None:
    fill(
        database,
        {
            "/allocation/pb-a:data": {},
            "/flow/pb-a:data-queue:x": {},
            "/flow/pb-a:data-queue:y": {},
            "/flow/pb-b:data-queue:x": {},
            "/resource/storage:buffer": {},
        },
    )
    flows = ["pb-a:data-queue:x", "pb-a:data-queue:y", "pb-b:data-queue:x"]
    expected = {
        "get flow p": flows,
        "edit flow-state p": flows,
        "list flow p": ["pb-a", "pb-b"],
        "list resource s": ["storage"],
        "describe allocation p": ["pb-a:data"],
        "update --edit resource-state s": ["storage:buffer"],
        "list sys": [],
        "get sys": ["system"],
        "get dep": ["deployment", "dependency"],
    }
    for line, words in expected.items():
        found = offered(etcd, f"ska-sdp {line}") if words else complete(etcd, f"ska-sdp {line}")
        assert found == words, line


WORDS = st.sets(st.text("ab", min_size=1, max_size=12), min_size=1, max_size=100)


@given(WORDS, st.integers(3, 20))
def test_too_many_words_are_completed_to_prefixes(words: set[str], most: int) -> None:
    some = sorted(words)
    offered: list[Any] = _limit(most, some)
    if len(words) <= most:
        assert offered == some
        return
    assert 2 <= len(offered) <= most
    assert common(offered) == common(some)
    assert all(any(word.startswith(each) for each in offered) for word in some)
