"""Interactive Python in a real terminal, for pasting the samples of a page."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pexpect
from docs.generate.terminal import Program

SYNTAX_ERROR = re.compile(r"^(SyntaxError|IndentationError)\b.*", re.MULTILINE)

_PATIENCE_S = 120.0
# Wide enough that readline does not scroll a line while it echoes it.
_SIZE = (50, 1000)
_PROMPT = re.compile(r"(?:^|(?<=\n))(>>> |\.\.\. )$")
_ERROR = "Traceback (most recent call last):"


class Repl:
    """One interactive Python."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        # The basic prompt: the one of Python 3.13 redraws the screen.
        variables = {**environment, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
        self._program = Program(
            [sys.executable, "-i", "-q", "-W", "error"],
            variables,
            size=_SIZE,
            timeout=_PATIENCE_S,
            directory=directory,
        )
        self._read_to_prompt()

    def paste(self, source: str) -> str:
        """Type each line of a sample and a final empty line; return what was printed."""
        return "".join(self._type(line) for line in [*source.splitlines(), ""])

    def run(self, source: str, name: str) -> str:
        """Paste a sample that must not fail; return what was printed."""
        printed = self.paste(source)
        failed = _ERROR in printed or SYNTAX_ERROR.search(printed)
        assert not failed, f"{name}, pasted into python:\n{source}\n{printed}"
        return printed

    def close(self) -> None:
        self._program.close()

    def _type(self, line: str) -> str:
        self._program.screen.sendline(line)
        # With readline, a typed line is echoed.
        return self._read_to_prompt().removeprefix(f"{line}\n")

    def _read_to_prompt(self) -> str:
        try:
            self._program.screen.expect(_PROMPT)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(
                f"python printed no prompt in {_PATIENCE_S:g} s:\n{self._program.screen.before}"
            ) from error
        return str(self._program.screen.before).replace("\r", "")
