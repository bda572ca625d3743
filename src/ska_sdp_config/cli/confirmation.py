"""Execution of changes, with a question first if the user must confirm, or as a dry run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ska_sdp_config.cli.errors import Failed, join_faults
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.terminal import one_line

__all__ = ["Confirmation", "Open"]

T = TypeVar("T")


class Open(Protocol):
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

    def run(self, open_database: Open, change: Callable[[Any, Any], T], kept: str = "") -> T:
        """Make a change in one transaction; ask first if necessary.

        Args:
            open_database: see Open.
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
        """
        must_confirm = self._asks and (self._always or _is_terminal())
        # A yes to a question about many objects is final: their users change often.
        is_final = self._always and self._confirmed is not None
        if is_final or (self._quiet and not must_confirm):
            return
        self._users = find_users()
        # A user that was named before and has left needs no new question.
        is_confirmed = self._confirmed is not None and self._confirmed >= {*self._users}
        if must_confirm and (self._always or self._users) and not is_confirmed:
            raise _Unconfirmed(question, self._users)

    def _commit(self, open_database: Open, change: Callable[[Any, Any], T], kept: str) -> T:
        # Ctrl-C stops a read at once, but must not stop a commit.
        only_reads = self._dry_run or (self._asks and self._always and self._confirmed is None)
        result: T
        unconfirmed: _Unconfirmed | None = None
        with open_database(None if only_reads else defer_interrupts(kept)) as database:
            try:
                for txn in database.txn():
                    result = change(database, txn)
                    if self._dry_run:
                        break
            except _Unconfirmed as exc:
                if not only_reads:
                    raise
                # Ctrl-C before the question is raised only if the body completes.
                unconfirmed = exc
        if unconfirmed is not None:
            raise unconfirmed
        return result

    def _ask(self, unconfirmed: _Unconfirmed) -> None:
        changed = "The users have changed since. " if self._confirmed is not None else ""
        in_use = f" In use: {join_faults(unconfirmed.users)}." if unconfirmed.users else ""
        text = f"{changed}{unconfirmed.question}{in_use} Type yes: "
        sys.stderr.write(one_line(text) if sys.stderr.isatty() else text)
        sys.stderr.flush()
        if sys.stdin.readline().strip() != "yes":
            if not sys.stdin.isatty():
                sys.stderr.write("\n")
            raise Failed(f"Nothing was {self._done}: type yes to confirm, or use -y.")
        self._confirmed = frozenset(unconfirmed.users)


def _is_terminal() -> bool:
    """Return whether a question can be shown and answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()
