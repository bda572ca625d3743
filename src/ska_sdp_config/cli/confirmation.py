"""Execution of changes, with a question first if the user must confirm, or as a dry run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from ska_sdp_config.cli.columns import SCREEN_WIDTH, wrapped
from ska_sdp_config.cli.errors import Failed, join_faults
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.terminal import one_line

__all__ = ["Confirmation", "OpenDatabase"]

T = TypeVar("T")

PROMPT = "Type yes:"
NO_BREAK_SPACE = "\u00a0"


class OpenDatabase(Protocol):
    """Opens the database, given how to handle Ctrl-C; None where nothing is written."""

    def __call__(self, ctrl_c: AbstractContextManager[Any] | None, /) -> Any:
        """Return a context manager of an object that has transactions."""


class _Unconfirmed(Exception):
    """A question has to be answered before the change is made."""

    def __init__(self, question: str, users: Sequence[str]) -> None:
        super().__init__(question)
        self.question = question
        self.users = users


class Confirmation:
    """Confirmation of one change by the user.

    A change to what is in use is confirmed on a terminal. Elsewhere scripts rely on commands that
    ask nothing: there a warning is printed in place of the question.

    Args:
        yes: whether the user has confirmed in advance, with ``-y``.
        dry_run: whether to discard the change.
        quiet: whether to print no warnings.
        always: whether to ask also if nothing is in use, and without a terminal.
        done: participle of the change, for the error.
    """

    def __init__(
        self,
        *,
        yes: bool,
        dry_run: bool = False,
        quiet: bool = False,
        always: bool = False,
        done: str = "changed",
    ) -> None:
        self._done = done
        self._quiet = quiet
        self._dry_run = dry_run
        self._asks = not (yes or dry_run)
        self._always = always
        self._confirmed: frozenset[str] | None = None
        self._users: Sequence[str] = ()
        self._check_interrupt: Callable[[], None] = lambda: None

    def run(
        self, open_database: OpenDatabase, change: Callable[[Any, Any], T], kept: str = ""
    ) -> T:
        """Make a change in one transaction; ask first if necessary.

        Args:
            open_database: see OpenDatabase.
            change: the body of the transaction, given the database and the transaction. It calls
                ``check``, and returns its result.
            kept: see ``defer_interrupts``.

        Raises:
            Failed: the user did not confirm.
        """
        while True:
            # The connection is closed first: the user may take long to confirm.
            try:
                result = self._commit(open_database, change, kept)
            except _Unconfirmed as exc:
                self._ask(exc)
                continue
            if self._users and not self._quiet and self._confirmed is None:
                note(f"Warning, in use: {join_faults(self._users)}.")
            return result

    def check(self, question: str, find_users: Callable[[], Sequence[str]]) -> None:
        """Let the change continue only if it is confirmed; called before it writes.

        Args:
            question: what is changed, ``Delete …?``.
            find_users: returns a clause for each user of what is changed. Not called if nothing
                depends on them.

        Raises:
            _Unconfirmed: handled by ``run``.
            KeyboardInterrupt: Ctrl-C was pressed while the users were read.
        """
        must_confirm = self._asks and (self._always or _is_terminal())
        # A yes to a question about many objects is final: their users change often.
        is_final = self._always and self._confirmed is not None
        if is_final or (self._quiet and not must_confirm):
            return
        self._users = find_users()
        self._check_interrupt()
        # A user that was named before and has left needs no new question.
        is_confirmed = self._confirmed is not None and self._confirmed >= {*self._users}
        if must_confirm and (self._always or self._users) and not is_confirmed:
            raise _Unconfirmed(question, self._users)

    def _commit(
        self, open_database: OpenDatabase, change: Callable[[Any, Any], T], kept: str
    ) -> T:
        outcome: T | _Unconfirmed
        if self._dry_run or (self._asks and self._always and self._confirmed is None):
            # Nothing is written, so Ctrl-C stops the command at once.
            with open_database(None) as database:
                outcome = self._execute(database, change)
        else:
            # Ctrl-C must not stop a commit, but stops the command before the commit or a question.
            with defer_interrupts(kept) as self._check_interrupt:
                with open_database(nullcontext()) as database:
                    outcome = self._execute(database, change)
                if isinstance(outcome, _Unconfirmed):
                    self._check_interrupt()
                    raise outcome
        if isinstance(outcome, _Unconfirmed):
            raise outcome
        return outcome

    def _execute(self, database: Any, change: Callable[[Any, Any], T]) -> T | _Unconfirmed:
        """Run the transaction; return its result, or the question that must be answered first.

        Returned, as a Ctrl-C that stops a read is raised only after a body that completes.
        """
        result: T
        try:
            for txn in database.txn():
                result = change(database, txn)
                if self._dry_run:
                    break
        except _Unconfirmed as exc:
            return exc
        return result

    def _ask(self, unconfirmed: _Unconfirmed) -> None:
        changed = "The users have changed since. " if self._confirmed is not None else ""
        in_use = f" In use: {join_faults(unconfirmed.users)}." if unconfirmed.users else ""
        text = f"{changed}{unconfirmed.question}{in_use} {PROMPT}"
        sys.stderr.write(f"{_fitted(text) if sys.stderr.isatty() else text} ")
        sys.stderr.flush()
        if sys.stdin.readline().strip() != "yes":
            if not sys.stdin.isatty():
                sys.stderr.write("\n")
            raise Failed(f"Nothing was {self._done}: type yes to confirm, or use -y.")
        self._confirmed = frozenset(unconfirmed.users)


def _fitted(text: str) -> str:
    """Return a question in lines for the terminal, with room for the answer."""
    width = shutil.get_terminal_size((SCREEN_WIDTH, 0)).columns
    # What to type stays on one line: no line ends at a no-break space.
    whole = one_line(text).replace(PROMPT, PROMPT.replace(" ", NO_BREAK_SPACE))
    lines = wrapped(whole, "", width - len(" yes"), "")
    shown = "\n".join("".join(part for part, _ in line) for line in lines)
    return shown.replace(NO_BREAK_SPACE, " ")


def _is_terminal() -> bool:
    """Return whether a question can be shown and answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()
