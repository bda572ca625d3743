"""Tango commands whose outcomes are recorded."""

from __future__ import annotations

import json
from typing import Any

import tango

from ska_sdp_config.lmc.rejections import Reason
from tests.e2e.subarray import Subarray
from tests.faults.history import HistoryWriter, Operation, Outcome

__all__ = ["Sender", "subarray_id"]

UNKNOWN = "It is not known whether"
"""Start of the description if the device does not know the outcome."""

REJECTIONS = {reason.value for reason in Reason}


def subarray_id(trl: str) -> str:
    """Return the ID of the subarray of a resource locator, also of one without a database."""
    return trl.partition("#")[0].rpartition("/")[2]


def outcome(error: tango.DevError) -> Outcome:
    """Return the outcome of a command that ended with an error."""
    if error.reason in REJECTIONS and not error.desc.startswith(UNKNOWN):
        return "failed"
    # The error of a lost connection or a timeout, which the device has not raised.
    return "unknown"


class Sender:
    """Sends commands to one subarray, and records them.

    Args:
        trl: resource locator of the subarray.
        history: history of the client.

    Attributes:
        subarray_id: ID of the subarray.
    """

    def __init__(self, trl: str, history: HistoryWriter) -> None:
        self.subarray_id = subarray_id(trl)
        self._trl = trl
        self._history = history
        self._subarray: Subarray | None = None
        self._sent = 0

    @property
    def subarray(self) -> Subarray:
        """The subarray.

        Raises:
            tango.DevFailed: it is needed for the first time, and the Tango database or the device
                does not respond.
        """
        if self._subarray is None:
            self._subarray = Subarray(self._trl)
        return self._subarray

    def send(self, command: str, message: dict[str, Any] | None = None) -> Operation:
        """Send a command, wait for its answer, and return the recorded operation.

        A message is sent with a transaction ID of its own. Without one, the device chooses it.
        """
        argument = transaction_id = None
        if message is not None:
            source = self._history.client.replace("-", "")
            transaction_id = f"txn-{source}-20260131-{self._sent:05}"
            self._sent += 1
            argument = json.dumps({**message, "transaction_id": transaction_id})
        operation = self._history.begin(
            "command",
            subarray=self.subarray_id,
            command=command,
            argument=argument,
            transaction_id=transaction_id,
        )
        is_sent = False
        try:
            subarray = self.subarray
            is_sent = True
            subarray.command(command, argument)
        except tango.DevFailed as failed:
            first = failed.args[0]
            text = f"{first.reason}: {first.desc}".strip()
            self._history.end(operation, outcome(first) if is_sent else "failed", error=text)
        else:
            self._history.end(operation, "ok")
        return operation
