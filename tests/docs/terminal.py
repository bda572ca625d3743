"""Terminal for typing the sessions of a page, as a reader does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pexpect
from docs.generate.terminal import Program

from tests.docs.page import matches

_PROMPT = "[the documentation's prompt]"
_PATIENCE = 120.0
_SIZE = (50, 100)
_CONTINUES = "…\n"


class Terminal:
    """A shell in a real terminal, 100 columns wide."""

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
        """Type the commands of a session, and compare their output with the page.

        A last line with only an ellipsis means that the command continues to run; its later
        output may be a separate session without a command. ``^C`` interrupts it.

        Raises:
            AssertionError: the output differs, or did not arrive in time.
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
            if f"\n{expected}".endswith(f"\n{_CONTINUES}"):
                self._wait_for_output(command, expected.removesuffix(_CONTINUES))
            else:
                found = self._until_prompt()
                shown = f"$ {command}\n{found}\n-- but the page shows\n{expected}"
                assert matches(expected, found), shown

    def close(self) -> None:
        """Interrupt a running command, and end the shell."""
        # A shell that does not respond is killed.
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF, AssertionError):
            if not self._at_prompt:
                self._shell.interrupt()
                self._until_prompt()
        self._shell.close()

    def _until_prompt(self) -> str:
        if self._command == "^C":
            for _ in range(2):
                # Python drops an interrupt that is raised within a callback of a library, so
                # Ctrl-C is pressed again. The output in between is kept.
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

    def _wait_for_output(self, command: str, expected: str) -> None:
        """Wait until a running command has printed the output on the page."""
        found = ""
        while not matches(expected, found):
            try:
                self._shell.screen.expect_exact("\n")
            except (pexpect.TIMEOUT, pexpect.EOF) as error:
                raise AssertionError(
                    f"$ {command}\n{found}\n-- has not printed the output on the page\n{expected}"
                ) from error
            found += f"{self._shell.screen.before}\n"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a session with its output."""
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
