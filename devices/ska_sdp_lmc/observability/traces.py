"""Spans of transactions, for OpenTelemetry.

OpenTelemetry itself is not imported: the device's tracer, which PyTango creates, makes the spans.
While the telemetry of Tango is off, that tracer makes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

__all__ = ["ATTEMPTS", "COMMAND", "REVISION", "SPAN", "TRANSACTION_ID", "Span", "Tracer", "span"]

SPAN = "transaction"
"""Name of the span of a transaction."""

COMMAND = "sdp.command"
TRANSACTION_ID = "sdp.transaction_id"
ATTEMPTS = "sdp.attempts"
REVISION = "sdp.revision"
"""Attributes of the span; REVISION is absent if nothing was committed."""


class Span(Protocol):
    """Span of OpenTelemetry, as far as a transaction needs it."""

    def set_attribute(self, key: str, value: str | int) -> None:
        """Set an attribute."""


class Tracer(Protocol):
    """Tracer of OpenTelemetry, as far as a transaction needs it."""

    def start_as_current_span(
        self, name: str, *, attributes: Mapping[str, str | int]
    ) -> AbstractContextManager[Span]:
        """Start a span below the current one; it ends with the context, with its exception."""


class _NoSpan:
    def set_attribute(self, key: str, value: str | int) -> None:
        pass


def span(tracer: Tracer | None, command: str, transaction_id: str) -> AbstractContextManager[Span]:
    """Return the span of a command's transaction, from its first attempt to its commit.

    Args:
        tracer: tracer of the device; None if PyTango was built without telemetry.
        command: name of the command.
        transaction_id: transaction ID of the command.
    """
    if tracer is None:
        return nullcontext(_NoSpan())
    attributes = {COMMAND: command, TRANSACTION_ID: transaction_id}
    return tracer.start_as_current_span(SPAN, attributes=attributes)
