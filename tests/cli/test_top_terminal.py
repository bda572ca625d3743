"""``ska-sdp top`` in a pseudo terminal of 80x24."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pexpect
import pytest
from docs.generate.terminal import Program

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import CALL

from .conftest import PROGRAM, Run, environment, fill, update
from .pseudo_terminal import run_here_in_terminal, run_in_terminal
from .top_screen import FAILED, OBSERVATION, PB, REASON

END = "\x1b[?1049l"
"""Sequence by which the terminal leaves the full screen."""


@pytest.fixture
def top(database: Config, etcd: Etcd) -> Iterator[Program]:
    """The program in a terminal, on an observation."""
    fill(database, OBSERVATION)
    variables = {**environment(etcd, {}), "TERM": "xterm-256color"}
    with Program([*PROGRAM, "top"], variables, size=(24, 80), timeout=CALL) as program:
        program.screen.expect("READY")
        yield program


def check_end(top: Program) -> None:
    top.screen.expect_exact(END)
    top.screen.expect(pexpect.EOF)
    assert top.close() == 0


def test_fault_is_seen_with_its_reason_and_way_out_and_q_leaves(
    top: Program, database: Config
) -> None:
    update(database, f"/pb/{PB}/state", encode(FAILED))
    top.screen.expect("FAULT")
    top.screen.expect(REASON)
    top.screen.expect("ObsReset or Restart")
    top.screen.send("q")
    check_end(top)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_and_restores_the_terminal(top: Program, number: signal.Signals) -> None:
    top.send_signal(number)
    check_end(top)


def test_ctrl_c_leaves(top: Program) -> None:
    top.interrupt()
    check_end(top)


def test_without_a_terminal_top_is_rejected_in_one_line(ska_sdp: Run) -> None:
    result = ska_sdp("top")
    assert (result.code, result.out) == (2, "")
    assert "needs a terminal" in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("option", ["-q", "-ojson"])
def test_options_of_printed_output_are_rejected(ska_sdp: Run, option: str) -> None:
    result = ska_sdp("top", option)
    assert result.code == 2
    assert "No such option" in result.err


def test_without_a_database_top_ends_with_5(etcd: Etcd) -> None:
    nowhere = {"SDP_CONFIG_HOST": "127.0.0.1", "SDP_CONFIG_PORT": "1", "SDP_CONFIG_TIMEOUT": "1"}
    code, output = run_here_in_terminal(etcd, ["top"], nowhere)
    assert code == 5
    assert "127.0.0.1:1" in output.splitlines()[-1]


def test_missing_textual_is_named_with_its_extra(database: Config, etcd: Etcd) -> None:
    hide = "import sys; sys.modules['textual'] = None; "
    program = [sys.executable, "-c", f"{hide}from ska_sdp_config.cli import main; main()"]
    code, output = run_in_terminal(etcd, ["top"], program=program)
    assert code == 1
    assert "pip install 'ska-sdp-lmc[top]'" in output
    assert len(output.splitlines()) == 1
