"""How commands fail, and what of it the user sees."""

from __future__ import annotations

import click

from ska_sdp_config.store.errors import (
    ConfigCollision,
    ConfigConnectionError,
    ConfigVanished,
    TransactionTooLarge,
)

__all__ = ["Failed", "Kept", "Misconfigured", "NotFound", "TimeUp", "Unfinished", "explain"]


class Failed(Exception):
    """The command was refused or failed. The message is one sentence, with what to do."""

    exit_code = 1


class NotFound(Failed):
    """What was asked for is not there."""

    exit_code = 3


class Misconfigured(Failed):
    """The environment does not say where the database is."""

    exit_code = 2


class TimeUp(Failed):
    """What was waited for did not come in time."""

    exit_code = 4


class Kept(Exception):
    """A value was edited and could not be written; its cause says why.

    Attributes:
        file: where the edit is.
    """

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


class Unfinished(Exception):
    """A command stopped half way; its cause says why.

    Attributes:
        stands: what was done before, as a sentence.
    """

    def __init__(self, stands: str) -> None:
        super().__init__(stands)
        self.stands = stands


def explain(error: BaseException) -> tuple[int, str]:
    """Get the exit code (spec 3) of an error, and the line that tells the user of it.

    Args:
        error: what ended the command.

    Returns:
        The code and the line.
    """
    code, text = _explain(error)
    return code, " ".join(text.split())


def _explain(error: BaseException) -> tuple[int, str]:
    if isinstance(error, Unfinished) and error.__cause__ is not None:
        code, text = _explain(error.__cause__)
        # What is too large is so at the second time as well.
        is_over = isinstance(error.__cause__, TransactionTooLarge)
        again = "" if is_over else " Run the same command again to finish."
        return code, f"{text} {error.stands}{again}"
    if isinstance(error, Kept) and error.__cause__ is not None:
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
    # A plain RuntimeError is a transaction that others never let through.
    known = isinstance(error, ConfigCollision | TransactionTooLarge) or type(error) is RuntimeError
    if known:
        return 1, str(error)
    if isinstance(error, OSError):
        reason = error.strerror or error
        if error.filename is not None:
            return 1, f"{error.filename} cannot be read or written: {reason}; check the path."
        return 1, f"The output cannot be written: {reason}; what was to be done may be done."
    if isinstance(error, UnicodeError):
        return 1, f"What is no UTF-8 text cannot be taken or shown: {error}."
    return 1, f"{type(error).__name__}: {error} (run it again with --debug, and report it)"
