"""A Python of its own in which the blocks of a page are run one after the other.

Run as a file it is that Python: it reads one JSON text a line, runs it, answers with what was
printed and, if there was one, the error.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Interpreter"]

_PATIENCE = 120.0


class Interpreter:
    """One Python process.

    Args:
        directory: where it works.
        environment: its variables.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=directory,
            env=dict(environment),
            text=True,
        )

    def run(self, source: str, name: str) -> str:
        """Run a block.

        Args:
            source: its text.
            name: what errors call it.

        Returns:
            What it printed.

        Raises:
            AssertionError: it raised something.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([source, name]) + "\n")
        self._process.stdin.flush()
        limit = threading.Timer(_PATIENCE, self._process.kill)
        limit.start()
        answer = self._process.stdout.readline()
        limit.cancel()
        assert answer, f"Python ended in {name}, or was ended after {_PATIENCE:g} s"
        printed, error = json.loads(answer)
        assert error is None, f"{source}\n{error}"
        return str(printed)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def _serve() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    answers = sys.stdout
    for line in sys.stdin:
        source, name = json.loads(line)
        printed, error = io.StringIO(), None
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(source, name, "exec"), names)
            except Exception:
                error = traceback.format_exc()
        answers.write(json.dumps([printed.getvalue(), error]) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
