"""Errors of commands, with their exit codes and messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from ska_sdp_config.cli.suggestions import closest
from ska_sdp_config.store.errors import (
    ConfigCollision,
    ConfigConnectionError,
    ConfigVanished,
    TransactionTooLarge,
)
from ska_sdp_config.store.redaction import quoted_redacted, redact_userinfo, redact_words

__all__ = [
    "EditKept",
    "Failed",
    "Misconfigured",
    "NotFound",
    "TimedOut",
    "Unfinished",
    "explain",
    "join_faults",
    "rejecting",
]

MAX_FAULTS_NAMED = 10
"""Maximum number of faults in a message."""

MAX_USAGE_LENGTH = 800
"""Characters of a message about the usage, in which Click repeats whole words."""


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


class Supplemented(Exception):
    """An error with a sentence to add to its message; ``__cause__`` is the error."""


class EditKept(Supplemented):
    """An edited value could not be written; the sentence names the file with it."""


class Unfinished(Supplemented):
    """A command stopped between two batches; the sentence names those that are committed."""


@contextmanager
def rejecting(what: str) -> Iterator[None]:
    """Convert a ValueError of the body to the rejection of an input.

    Raises:
        Failed: the body raised ValueError; names the input and the reason.
    """
    try:
        yield
    except ValueError as exc:
        raise Failed(f"{what} was rejected, nothing was changed: {exc}.") from exc


def join_faults(faults: Sequence[str]) -> str:
    """Return the first faults as one message."""
    more = len(faults) - MAX_FAULTS_NAMED
    return "; ".join([*faults[:MAX_FAULTS_NAMED], *([f"{more} more"] if more > 0 else [])])


def explain(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the one-line message of an error."""
    code, text = _explain(error)
    return code, " ".join(text.split())


def _explain(error: BaseException) -> tuple[int, str]:
    if isinstance(error, Supplemented) and error.__cause__ is not None:
        code, text = _explain(error.__cause__)
        # If a batch is too large, a retry would not help.
        is_retryable = isinstance(error, Unfinished) and not isinstance(
            error.__cause__, TransactionTooLarge
        )
        again = " Run the same command again to finish." if is_retryable else ""
        return code, f"{text} {error}{again}"
    if isinstance(error, click.NoSuchOption):
        # Click lists all options that are similar.
        meant = closest(error.option_name, error.possibilities or ())
        if meant is not None:
            command = error.ctx.command_path if error.ctx else "ska-sdp"
            name = quoted_redacted(error.option_name)
            text = f"No such option {name}: did you mean {meant!r}?"
            return 2, f"{text} Try '{command} -h'."
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "ska-sdp"
        text = redact_words(error.format_message())
        if len(text) > MAX_USAGE_LENGTH:
            text = f"{text[:MAX_USAGE_LENGTH]}…"
        return 2, f"{text}{'' if text.endswith(('.', '?', '…')) else '.'} Try '{command} -h'."
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
            file = redact_userinfo(str(error.filename))
            return 1, f"{file} cannot be read or written: {reason}; check the path."
        return 1, f"Cannot write the output: {reason}; the command may have been executed."
    if isinstance(error, UnicodeError):
        return 1, f"Invalid UTF-8 text: {error}."
    return 1, f"{type(error).__name__}: {error} (run it again with --debug, and report it)"
