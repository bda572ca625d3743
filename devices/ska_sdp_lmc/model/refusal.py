"""A command that is not carried out, and why."""

from __future__ import annotations

from enum import Enum

__all__ = ["Reason", "Refused"]


class Reason(Enum):
    """The reason of the Tango error that a refusal becomes (spec 4.3)."""

    NOT_ALLOWED = "API_CommandNotAllowed"
    FAILED = "API_CommandFailed"


class Refused(Exception):
    """A command was refused; nothing was written.

    Attributes:
        reason: what kind of refusal it is.
        text: one sentence for whoever sent the command.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text

    @classmethod
    def not_allowed(cls, command: str, where: str) -> Refused:
        """Refuse a command in the present state.

        Args:
            command: name of the command.
            where: the state that forbids it, such as ``obsState is IDLE``.
        """
        return cls(Reason.NOT_ALLOWED, f"Command {command} not allowed when {where}")

    @classmethod
    def failed(cls, text: str) -> Refused:
        """Refuse a command whose content does not fit what is there."""
        return cls(Reason.FAILED, text)
