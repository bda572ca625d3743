"""Programs in terminals, for the documentation and its tests."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from docs.generate.terminal import Program

_TIMEOUT = 120.0


def _program(text: str, directory: Path | None = None) -> Program:
    return Program(
        [sys.executable, "-c", text],
        {"WHO": "its own"},
        size=(7, 33),
        timeout=_TIMEOUT,
        directory=directory,
    )


def test_program_has_its_own_terminal_variables_and_directory(tmp_path: Path) -> None:
    text = "import os; print(*os.get_terminal_size(), os.getcwd(), os.environ['WHO'], input())"
    with _program(text, tmp_path) as program:
        program.screen.sendline("typed")
        program.screen.expect(pexpect.EOF)
        assert program.screen.before == f"33 7 {tmp_path} its own typed\r\n"
        assert program.close() == 0


@pytest.mark.parametrize("ours", [signal.default_int_handler, signal.SIG_IGN])
def test_interrupt_reaches_the_program(ours: Any) -> None:
    """Also if the tests run in the background, where SIGINT is ignored and inherited as such."""
    before = signal.signal(signal.SIGINT, ours)
    try:
        with _program("import time; print('ready', flush=True); time.sleep(60)") as program:
            program.screen.expect("ready")
            program.interrupt()
            program.screen.expect("KeyboardInterrupt")
            assert program.close() != 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_program_starts_without_a_fork_of_this_process() -> None:
    """gRPC's fork handlers may end such a copy, which once failed the build."""
    forks: list[None] = []
    os.register_at_fork(before=lambda: forks.append(None))
    with _program("") as program:
        program.screen.expect(pexpect.EOF)
        assert program.close() == 0
    assert not forks


def test_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        _program("", tmp_path / "nowhere")
