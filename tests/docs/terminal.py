"""A terminal in which the sessions of a page are typed, as its reader types them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pexpect
from docs.generate.terminal import Program

from tests.docs.page import matches

__all__ = ["Terminal"]

_PROMPT = "[the documentation's prompt]"
_PATIENCE = 120.0
_SIZE = (50, 100)
_GOES_ON = "…\n"


class Terminal:
    """A shell in a real terminal, 100 columns wide.

    Args:
        directory: where it begins.
        environment: its variables.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        # A dumb terminal is sent nothing but text.
        variables = {
            **environment,
            "PS1": _PROMPT,
            "PS2": "",
            "TERM": "dumb",
            "VIRTUAL_ENV_DISABLE_PROMPT": "1",
        }
        self._shell = Program(
            ["bash", "--norc", "--noprofile"],
            variables,
            size=_SIZE,
            timeout=_PATIENCE,
            directory=directory,
        )
        self._at_prompt = False
        self._command = "bash"

    def session(self, text: str) -> None:
        """Type the commands of a session, and compare what is printed with what it shows.

        A last line that is nothing but an ellipsis means that the command goes on; what it then
        prints may be a session of its own, without a command. ``^C`` interrupts it.

        Raises:
            AssertionError: something else was printed, or nothing in time.
        """
        for command, expected in _commands(text):
            if command == "^C":
                self._shell.interrupt()
                self._command = command
            elif command:
                if not self._at_prompt:
                    self._until_prompt()
                self._shell.screen.sendline(command)
                self._at_prompt, self._command = False, command
            if f"\n{expected}".endswith(f"\n{_GOES_ON}"):
                self._go_on(command, expected.removesuffix(_GOES_ON))
            else:
                self._show(command, expected, self._until_prompt())

    def close(self) -> None:
        """Interrupt what goes on, and end the shell."""
        # A shell that does not answer any more is ended by force.
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF, AssertionError):
            if not self._at_prompt:
                self._shell.interrupt()
                self._until_prompt()
        self._shell.close()

    def _until_prompt(self) -> str:
        if self._command == "^C":
            for _ in range(2):
                # Python drops an interrupt that is raised within a callback of a library's: who
                # sees that nothing comes of it presses again. What was printed meanwhile is kept.
                if self._shell.screen.expect_exact([_PROMPT, pexpect.TIMEOUT], _PATIENCE / 6) == 0:
                    self._at_prompt = True
                    return str(self._shell.screen.before)
                self._shell.interrupt()
        try:
            self._shell.screen.expect_exact(_PROMPT)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(
                f"{self._command} did not end in {_PATIENCE:g} s:\n{self._shell.screen.before}"
            ) from error
        self._at_prompt = True
        return str(self._shell.screen.before)

    def _show(self, command: str, expected: str, found: str) -> None:
        assert matches(expected, found), f"$ {command}\n{found}\n-- but the page shows\n{expected}"

    def _go_on(self, command: str, expected: str) -> None:
        """Wait until a command that goes on has printed what the page shows of it."""
        found = ""
        while not matches(expected, found):
            try:
                self._shell.screen.expect_exact("\n")
            except (pexpect.TIMEOUT, pexpect.EOF) as error:
                raise AssertionError(
                    f"$ {command}\n{found}\n-- has not printed what the page shows\n{expected}"
                ) from error
            found += f"{self._shell.screen.before}\n"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Take a session apart: each command, and what is printed after it."""
    command, printed = "", ""
    for line in text.splitlines():
        if line.startswith("$ ") or line == "^C":
            if command or printed:
                yield command, printed
            command, printed = line.removeprefix("$ "), ""
        elif line.startswith("> ") and command and not printed:
            command += "\n" + line.removeprefix("> ")
        else:
            printed += line + "\n"
    yield command, printed
