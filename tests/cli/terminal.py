"""Terminal in tmux."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

TIMEOUT_S = 120.0


class Terminal:
    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names: ``Enter``, ``Tab``, ``C-c``."""
        self.run("send-keys", *keys)

    def enter(self, line: str) -> None:
        self.type(line)
        self.press("Enter")

    def screen(self, *, colours: bool = False) -> str:
        return self.run("capture-pane", "-p", "-J", *(["-e"] if colours else []))

    def wait_for(self, text: str, within: float = TIMEOUT_S) -> str:
        """Wait until a text is on the screen; return the whole screen."""
        seen = ""

        def is_there() -> bool:
            nonlocal seen
            seen = self.screen()
            return text in seen

        try:
            wait_until(is_there, within)
        except AssertionError as exc:
            raise AssertionError(f"{text!r} did not appear; the screen is:\n{seen}") from exc
        return seen

    def wait_for_prompt(self) -> None:

        def has_prompt() -> bool:
            lines = self.screen().splitlines()
            last = [line for line in lines if line.strip()][-1]
            return last.rstrip().endswith(("$", "%", ">", "#"))

        wait_until(has_prompt, TIMEOUT_S, "there is a prompt")

    def complete(self, text: str) -> None:
        """Press Tab until a text is on the screen.

        There is no completion of IDs if the database does not respond within a second, as on a
        busy machine. Then the key is pressed again.
        """
        for _ in range(2):
            self.press("Tab")
            with contextlib.suppress(AssertionError):
                self.wait_for(text, TIMEOUT_S / 4)
                return
        self.press("Tab")
        self.wait_for(text)


@contextlib.contextmanager
def open_terminal(
    directory: Path, shell: str, environment: Mapping[str, str], columns: int = 100
) -> Iterator[Terminal]:
    """Open a terminal with a shell whose prompt is ``$ ``, in which ``ska-sdp`` can be run."""
    terminal = Terminal(directory / "tmux")
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    settings = {**environment, "PATH": path, "PS1": "$ ", "TERM": "xterm-256color"}
    subprocess.run(
        [
            *terminal._tmux, "new-session", "-d", "-x", str(columns), "-y", "40", shell,
        ],
        env=settings,
        timeout=60,
        check=True,
    )  # fmt: skip
    try:
        yield terminal
    finally:
        terminal.run("kill-server")
