"""Rejections of commands: the rules as data, in the order of their checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "BLOCK_ENDED",
    "BLOCK_EXISTS",
    "BLOCK_STILL_ACTIVE",
    "COMPONENTS_OFFLINE",
    "DISABLED",
    "ENTRY_DAMAGED",
    "NOT_ASSIGNED",
    "NO_BLOCK_ACTIVE",
    "NO_BLOCK_GIVEN",
    "OBS_STATE",
    "PROCESSING_BLOCK_EXISTS",
    "RULES",
    "SCAN_TYPE_DEFINED",
    "SCAN_TYPE_UNDEFINED",
    "STATE",
    "CommandRejected",
    "Reason",
    "Rule",
]


_MAX_VALUE_LENGTH = 500
"""Characters of a value from a message that an error repeats."""


class Reason(Enum):
    """Reason of the Tango error of a rejection."""

    NOT_ALLOWED = "API_CommandNotAllowed"
    FAILED = "API_CommandFailed"


class CommandRejected(Exception):
    """A rule rejects the command; nothing was written.

    Attributes:
        reason: reason of the Tango error.
        text: description for the client.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule that rejects commands.

    Attributes:
        step: order of the check: the rule of the lowest step is reported. Step 1 is the
            validation of the message.
        words: text of the rejection, with names in braces.
        broken: description of the condition, for the documentation.
        commands: commands of the subarray that it applies to, empty for all.
        reason: the reason of the Tango error.
    """

    step: int
    words: str
    broken: str
    commands: tuple[str, ...] = ()
    reason: Reason = Reason.FAILED

    def rejection(self, **names: object) -> CommandRejected:
        """Create the rejection from values of the names in braces; long values are shortened."""
        short = {name: _shorten(str(value)) for name, value in names.items()}
        return CommandRejected(self.reason, self.words.format(**short))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[: _MAX_VALUE_LENGTH - 3]}..."


STATE = Rule(
    2,
    "Command {command} not allowed when device state is {state}; allowed in {allowed}",
    "State does not allow the command",
    reason=Reason.NOT_ALLOWED,
)
DISABLED = Rule(
    2,
    "Command {command} not allowed when device state is DISABLE; set adminMode to ONLINE first",
    "adminMode disables the device",
    reason=Reason.NOT_ALLOWED,
)
OBS_STATE = Rule(
    2,
    "Command {command} not allowed when obsState is {obs_state}; allowed in {allowed}",
    "obsState does not allow the command",
    reason=Reason.NOT_ALLOWED,
)
BLOCK_EXISTS = Rule(
    3,
    "Execution block {eb_id} already exists",
    "the ID of the new execution block exists, or its state is damaged",
    ("AssignResources",),
)
PROCESSING_BLOCK_EXISTS = Rule(
    3,
    "Processing block {pb_id} already exists",
    "the ID of a new processing block exists, or is repeated in the message",
    ("AssignResources",),
)
BLOCK_STILL_ACTIVE = Rule(
    3,
    "Execution block {eb_id} is still active",
    "the message has an execution block while the linked one is ACTIVE",
    ("AssignResources",),
)
NO_BLOCK_ACTIVE = Rule(
    4,
    "No execution block is active",
    "no execution block is linked to which the processing blocks or the scan type belong",
    ("AssignResources", "Configure"),
)
NO_BLOCK_GIVEN = Rule(
    4,
    "An execution block is needed",
    "obsState is EMPTY and the message has no execution block",
    ("AssignResources",),
)
BLOCK_ENDED = Rule(
    4,
    "Execution block {eb_id} is {status}",
    "another program ended the linked execution block: it is FINISHED, CANCELLED or missing; or "
    "the block or its state is no JSON object",
    ("AssignResources", "Configure", "Scan"),
)
ENTRY_DAMAGED = Rule(
    4,
    "{path} holds no JSON object: fix it, or delete it to reset the device",
    "the entry of the device is no JSON object; no command replaces it",
)
SCAN_TYPE_UNDEFINED = Rule(
    5,
    "Scan type {scan_type} is not defined; defined are {defined}",
    "neither the execution block nor the message defines the scan type",
    ("Configure",),
)
SCAN_TYPE_DEFINED = Rule(
    5,
    "Scan type {scan_type} is already defined",
    "the ID of a new scan type exists, or is repeated in the message",
    ("Configure",),
)
NOT_ASSIGNED = Rule(
    5,
    "Resources are not assigned: {missing}",
    "a resource to release is not assigned",
    ("ReleaseResources",),
)
COMPONENTS_OFFLINE = Rule(
    6,
    "The processing controller, helm deployer, or both are OFFLINE: "
    "cannot start processing blocks.",
    "the message has processing blocks, and a required component is OFFLINE",
    ("AssignResources",),
)

RULES = (
    DISABLED,
    STATE,
    OBS_STATE,
    BLOCK_EXISTS,
    PROCESSING_BLOCK_EXISTS,
    BLOCK_STILL_ACTIVE,
    NO_BLOCK_ACTIVE,
    NO_BLOCK_GIVEN,
    BLOCK_ENDED,
    ENTRY_DAMAGED,
    SCAN_TYPE_UNDEFINED,
    SCAN_TYPE_DEFINED,
    NOT_ASSIGNED,
    COMPONENTS_OFFLINE,
)
"""All rules, in the order of their checks."""
