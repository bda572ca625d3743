"""Execution of a command: parse, decide, commit, derive, publish."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

import tango

from ska_sdp_config.config import Transaction
from ska_sdp_config.lmc.snapshot import Writes
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_config.lmc.view import View
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_lmc.messages import MessageError, Parsed, find_transaction_id
from ska_sdp_lmc.observability import logs, traces
from ska_sdp_lmc.observability.commands_in_progress import CommandsInProgress
from ska_sdp_lmc.observability.metrics import CommandTimer
from ska_sdp_lmc.runtime.database import Database
from ska_sdp_lmc.runtime.errors import translate_errors
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.repository import write
from ska_sdp_lmc.runtime.settings import Settings

__all__ = ["ADMIN_MODE", "Command", "CommandRunner"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """Command of a device, or writing of an attribute.

    Attributes:
        name: name of the command or attribute, for the metrics.
        decide: decision of the command, None if the device decides by the name alone.
        parse: parses the argument, given its text and the strictness; None for a command without
            a message.
        title: name in the log and in errors, ``name`` by default.
    """

    name: str
    decide: Callable[..., None] | None = None
    parse: Callable[[str, int], Parsed[Any]] | None = None
    title: str = ""

    def __str__(self) -> str:
        return self.title or self.name


ADMIN_MODE = Command("adminMode", title="Writing adminMode")


class Commanded(logs.Listener, Protocol):
    """Device, as far as the execution of its commands needs it."""

    name: str

    def get_telemetry_tracer(self) -> traces.Tracer | None:
        """Return the device's tracer; None if PyTango was built without telemetry."""
        ...

    def read_documents(self, txn: Transaction, message: Any) -> Any:
        """Read the documents that the decision on a message depends on."""
        ...

    def decide(self, command: Command, found: Any, message: Any, transaction_id: str) -> Writes:
        """Return the writes of a command, or raise CommandRejected. Has no side effects."""
        ...

    def derive_unseen(self, found: Any) -> View | None:
        """Return the view before the command if clients have not received its obsState."""
        ...

    def derive(self, found: Any, writes: Writes, revision: int) -> View:
        """Return the view of the commit."""
        ...


class CommandRunner:
    """Runs the commands of a device, from one Init to the next.

    Attributes:
        in_progress: the commands that run now.
        misconfigured: invalid setting found by a later Init, which rejects all commands.
    """

    def __init__(
        self, device: Commanded, database: Database, publisher: Publisher, settings: Settings
    ) -> None:
        self._device = device
        self._database = database
        self._publisher = publisher
        self._settings = settings
        self.in_progress = CommandsInProgress()
        self.misconfigured: str | None = None

    def run(self, command: Command, argument: Any = None) -> None:
        """Run a command. All steps but publications run without the device's monitor.

        Raises:
            tango.DevFailed: the command was rejected, or was not committed.
        """
        device, began = self._device, time.monotonic()
        timer = CommandTimer(device.name, command.name)
        log = logs.context(device.name, device, _new_transaction_id(), command.name)
        with timer, self.in_progress.running(), log:
            with translate_errors(str(command), timer), tango.AutoTangoAllowThreads(device):
                message = self._parse(command, argument)
                with self._span(command) as span:
                    for attempt, txn in enumerate(self._transaction(began), 1):
                        span.set_attribute(traces.ATTEMPTS, attempt)
                        found = device.read_documents(txn, message)
                        writes = device.decide(command, found, message, _transaction_id())
                        if (unseen := device.derive_unseen(found)) is not None:
                            # Before the commit: the watch loop may publish that first.
                            self._publish_before_commit(unseen)
                        write(txn, writes)
                    span.set_attribute(traces.REVISION, txn.commit_revision)
                _log_warnings(command, writes.warnings)
                view = device.derive(found, writes, txn.commit_revision)
                LOGGER.info("%s done, %s", command, view)
            timer.outcome = "accepted"
            self._publisher.publish(view)

    def _publish_before_commit(self, view: View) -> None:
        """Publish a view while nothing is written.

        Raises:
            RuntimeError: the device's monitor was not acquired in time.
        """
        try:
            self._publisher.publish(view)
        except tango.DevFailed as error:
            # As a Tango error, it would be reported as a command with an unknown outcome.
            raise RuntimeError(f"the device is busy ({error.args[0].desc}): try again.") from error

    def _parse(self, command: Command, argument: Any) -> Any:
        """Return the message of a command in the internal form.

        Raises:
            MessageError: the message is invalid.
        """
        if command.parse is None:
            return argument
        text = _decode_utf8(argument)
        try:
            parsed = command.parse(text, self._settings.strictness)
        except MessageError:
            _log_under(find_transaction_id(text))
            raise
        _log_under(parsed.message.transaction_id)
        _log_warnings(command, parsed.warnings)
        return parsed.message

    def _span(self, command: Command) -> AbstractContextManager[traces.Span]:
        """Return the span of a command's transaction; without telemetry, one without effect."""
        tracer = self._device.get_telemetry_tracer()
        return traces.span(tracer, command.name, _transaction_id())

    def _transaction(self, began: float) -> Iterator[Transaction]:
        """Return the attempts at a transaction, within the rest of the command's timeout.

        ``began`` is the start of the command, by the monotonic clock.

        Raises:
            ConfigConnectionError: the database does not respond, or rejects the transaction.
                Raised at once while the connection is suspended.
            RuntimeError: a setting is invalid.
        """
        if self.misconfigured is not None:
            raise RuntimeError(self.misconfigured)
        if self._database.is_suspended or not self._publisher.has_view:
            raise ConfigConnectionError(self._why_no_database())
        left = self._settings.timeout_database - (time.monotonic() - began)
        return self._database.config.txn(timeout=max(0.001, left))

    def _why_no_database(self) -> str:
        rejection = self._database.rejection
        if rejection is not None:
            return rejection.text
        shown = self._publisher.read("healthState")
        if shown is not None and shown[0] in (HealthState.FAILED, HealthState.UNKNOWN):
            advice = "try again when healthState is no longer FAILED or UNKNOWN"
        else:
            # healthState becomes FAILED only after an outage of some seconds.
            advice = "try again in a few seconds"
        return f"The configuration database at {self._database.address} does not answer: {advice}."


def _new_transaction_id() -> str:
    """Return a transaction ID for a command without one: ``txn-lmc-YYYYMMDD-…``, date in UTC."""
    return f"txn-lmc-{datetime.now(timezone.utc):%Y%m%d}-{secrets.token_hex(5)}"


def _transaction_id() -> str:
    """Return the transaction ID of the command that runs in this context."""
    return logs.transaction_id() or ""


def _log_under(transaction_id: str | None) -> None:
    """Use the transaction ID of a message, if it has one, instead of a new one."""
    if transaction_id:
        logs.set_transaction_id(transaction_id)


def _log_warnings(command: Command, warnings: Sequence[str]) -> None:
    for warning in warnings:
        LOGGER.warning("%s: %s", command, warning)


def _decode_utf8(text: str) -> str:
    """Decode an argument as UTF-8, the encoding of JSON: Tango decodes strings as Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        # The client sent Latin-1.
        return text
