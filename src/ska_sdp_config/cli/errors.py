"""Errors of commands, with their exit codes and messages."""

from __future__ import annotations

import click

from ska_sdp_config.store.errors import (
    ConfigCollision,
    ConfigConnectionError,
    ConfigVanished,
    TransactionTooLarge,
)

__all__ = ["EditKept", "Failed", "Misconfigured", "NotFound", "TimedOut", "Unfinished", "explain"]


class Failed(Exception):
    """The command was rejected or failed. The message is one sentence, with what to do."""

    exit_code = 1


class NotFound(Failed):
    """The key or object does not exist."""

    exit_code = 3


class Misconfigured(Failed):
    """A setting in the environment is missing or invalid."""

    exit_code = 2


class TimedOut(Failed):
    """The timeout elapsed."""

    exit_code = 4


class EditKept(Exception):
    """An edited value could not be written; ``__cause__`` is the error.

    Attributes:
        file: the file with the edited value.
    """

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


class Unfinished(Exception):
    """A command stopped between two batches; ``__cause__`` is the error.

    Attributes:
        committed: what was committed before, as a sentence.
    """

    def __init__(self, committed: str) -> None:
        super().__init__(committed)
        self.committed = committed


def explain(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the one-line message of an error."""
    code, text = _explain(error)
    return code, " ".join(text.split())


def _explain(error: BaseException) -> tuple[int, str]:
    if isinstance(error, Unfinished) and error.__cause__ is not None:
        code, text = _explain(error.__cause__)
        # A retry would not help: it would be too large again.
        is_over = isinstance(error.__cause__, TransactionTooLarge)
        again = "" if is_over else " Run the same command again to finish."
        return code, f"{text} {error.committed}{again}"
    if isinstance(error, EditKept) and error.__cause__ is not None:
        code, text = _explain(error.__cause__)
        return code, f"{text} Your edit is kept in {error.file}."
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "ska-sdp"
        return 2, f"{error.format_message()} Try '{command} -h'."
    if isinstance(error, ConfigConnectionError):
        return 5, str(error)
    if isinstance(error, ConfigVanished):
        return 3, f"{error} Try 'ska-sdp list -a'."
    if isinstance(error, Failed):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return 1, "Stopped."
    # The library raises a plain RuntimeError when a transaction exceeds its retries.
    known = isinstance(error, ConfigCollision | TransactionTooLarge) or type(error) is RuntimeError
    if known:
        return 1, str(error)
    if isinstance(error, OSError):
        reason = error.strerror or error
        if error.filename is not None:
            return 1, f"{error.filename} cannot be read or written: {reason}; check the path."
        return 1, f"Cannot write the output: {reason}; the command may have been executed."
    if isinstance(error, UnicodeError):
        return 1, f"Invalid UTF-8 text: {error}."
    return 1, f"{type(error).__name__}: {error} (run it again with --debug, and report it)"
