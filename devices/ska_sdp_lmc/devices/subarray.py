"""Device server of the subarrays."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import tango
from tango.server import device_property

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.lmc import paths, upkeep
from ska_sdp_config.lmc.derive import derive, obs_state
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_config.lmc.view import View
from ska_sdp_lmc.commands import Message, apply_command, message_paths
from ska_sdp_lmc.devices.base import LmcDevice, log_changes, new_transaction_id
from ska_sdp_lmc.messages import (
    AssignResources,
    Configure,
    MessageError,
    Parsed,
    check_references,
    find_transaction_id,
    parse_assign_resources,
    parse_configure,
    parse_release_resources,
    parse_scan,
)
from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.attributes import published, tango_command
from ska_sdp_lmc.runtime.presence import take_presence
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.repository import Tree, read_snapshot, write
from ska_sdp_lmc.runtime.server import run
from ska_sdp_lmc.runtime.settings import SettingsError

__all__ = ["SDPSubarray", "main"]

LOGGER = logging.getLogger(__name__)

Parse = Callable[[str, int], Parsed[Any]]


class SDPSubarray(LmcDevice):
    """One subarray of the science data processor."""

    TimeoutAssignResources = device_property(
        dtype=str, doc="Seconds that RESOURCING and RESETTING may last, 0 for ever (default 60)."
    )
    TimeoutConfigure = device_property(
        dtype=str, doc="Seconds that CONFIGURING may last, 0 for ever (default 60)."
    )
    RequiredComponents = device_property(
        dtype=(str,),
        doc="Components without which no processing block is accepted, 'none' for none "
        "(default proccontrol,helmdeploy).",
    )
    ReceiveScripts = device_property(
        dtype=str,
        doc="Regular expression for the names of scripts that give receive addresses "
        "(default receive).",
    )
    Strictness = device_property(
        dtype=str, doc="How strictly messages are read: 0, 1 or 2 (default 1)."
    )

    obs_state = published("obsState", ObsState, "Observing state.", label="obsState")
    resources = published(
        "resources", str, "Resources assigned, managed by others; JSON.", label="resources"
    )
    eb_id = published(
        "ebID", str, "Id of the execution block, null when there is none.", label="execution block"
    )
    receive_addresses = published(
        "receiveAddresses",
        str,
        "Where the correlator is to send visibilities, by scan type and beam; JSON.",
        label="receive addresses",
    )
    scan_type = published(
        "scanType", str, "Scan type configured, null when there is none.", label="scan type"
    )
    scan_id = published(
        "scanID",
        tango.DevLong64,
        "Id of the running scan, 0 when there is none.",
        label="scan",
        min_value=0,
    )
    eb_state = published(
        "ebState",
        str,
        "Status of the execution block, its scan type and scans; JSON.",
        label="execution block state",
    )
    pb_state = published(
        "pbState",
        str,
        "Status, resources, deployments and errors of each processing block; JSON.",
        label="processing block states",
    )
    error_messages = published(
        "errorMessages",
        str,
        "What put the subarray in FAULT, by processing block id or 'subarray'; JSON.",
        label="errors",
    )
    last_command = published(
        "lastCommand", str, "Name of the last command accepted.", label="last command"
    )
    transaction_id = published(
        "transactionID", str, "Transaction id of the last command accepted.", label="transaction"
    )
    commanded_state = published(
        "commandedState", str, "State that was last asked for.", label="commanded State"
    )
    commanded_obs_state = published(
        "commandedObsState",
        ObsState,
        "obsState that was last asked for.",
        label="commanded obsState",
    )

    # Commands

    @tango_command("Switch on, to obsState EMPTY.")
    def On(self) -> None:  # noqa: N802 - Tango's name
        """Switch on."""
        self._command("On")

    @tango_command("Switch off: the execution block is cancelled, resources are released.")
    def Off(self) -> None:  # noqa: N802 - Tango's name
        """Switch off."""
        self._command("Off")

    @tango_command("JSON text of schema ska-sdp-assignres.", dtype_in=str)
    def AssignResources(self, text: str) -> None:  # noqa: N802 - Tango's name
        """Assign resources, begin an execution block, add processing blocks."""
        self._command("AssignResources", text, parse_assign_resources)

    @tango_command("JSON text of schema ska-sdp-releaseres.", dtype_in=str)
    def ReleaseResources(self, text: str) -> None:  # noqa: N802 - Tango's name
        """Release some resources."""
        self._command("ReleaseResources", text, parse_release_resources)

    @tango_command("Release all resources; the execution block is finished.")
    def ReleaseAllResources(self) -> None:  # noqa: N802 - Tango's name
        """Release all resources."""
        self._command("ReleaseAllResources")

    @tango_command("JSON text of schema ska-sdp-configure.", dtype_in=str)
    def Configure(self, text: str) -> None:  # noqa: N802 - Tango's name
        """Select a scan type."""
        self._command("Configure", text, parse_configure)

    @tango_command("JSON text of schema ska-sdp-scan.", dtype_in=str)
    def Scan(self, text: str) -> None:  # noqa: N802 - Tango's name
        """Begin a scan."""
        self._command("Scan", text, parse_scan)

    @tango_command("End the scan.")
    def EndScan(self) -> None:  # noqa: N802 - Tango's name
        """End the scan."""
        self._command("EndScan")

    @tango_command("End the execution block; its batch processing goes on.")
    def End(self) -> None:  # noqa: N802 - Tango's name
        """End the execution block."""
        self._command("End")

    @tango_command("Stop what goes on, to obsState ABORTED.")
    def Abort(self) -> None:  # noqa: N802 - Tango's name
        """Abort."""
        self._command("Abort")

    @tango_command("Return to IDLE after ABORTED or FAULT.")
    def ObsReset(self) -> None:  # noqa: N802 - Tango's name
        """Return to IDLE."""
        self._command("ObsReset")

    @tango_command("Return to EMPTY after ABORTED or FAULT; the execution block is cancelled.")
    def Restart(self) -> None:  # noqa: N802 - Tango's name
        """Return to EMPTY."""
        self._command("Restart")

    def write_admin_mode(self, mode: AdminMode) -> None:
        """Write adminMode to the database and publish it."""
        began = time.monotonic()

        def decide(snapshot: Snapshot) -> Writes:
            return upkeep.admin_mode_writes(snapshot, mode)

        def transact() -> list[View]:
            return self._transact(began, decide)

        self.execute_command("adminMode", transact, "Writing adminMode")

    # Command execution

    def check(self) -> None:
        """Validate that the last part of the device's name is a subarray ID; see LmcDevice."""
        subarray_id = self.name.rpartition("/")[2]
        try:
            check_path_part(paths.component_of_subarray(subarray_id))
        except ValueError as error:
            raise SettingsError(
                f"The last part of the device's name, {subarray_id!r}, cannot be a subarray's id: "
                "register it as letters, digits, '_', '.' and '-', such as 01."
            ) from error

    def begin(self) -> None:
        """Initialise the subarray ID and the paths to prefetch."""
        self._subarray_id = self.name.rpartition("/")[2]
        self._rules = self.settings.of_subarray()
        # The next command probably reads the paths of the last snapshot.
        self._required_paths = [paths.subarray(self._subarray_id)]

    def access(self) -> Access:
        """Return the paths that the device reads and writes; see LmcDevice."""
        required = self._rules.required_components
        return Access.of_subarray(self._subarray_id, required, self.settings.prefix)

    def _command(self, name: str, text: str | None = None, parse: Parse | None = None) -> None:
        began = time.monotonic()

        def transact() -> list[View]:
            message: Message | None = None
            transaction_id = None
            if parse is not None and text is not None:
                sent = _decode_utf8(text)
                try:
                    parsed = parse(sent, self.settings.strictness)
                except MessageError:
                    if own := find_transaction_id(sent):
                        logs.set_transaction_id(own)
                    raise
                message = parsed.message
                transaction_id = parsed.message.transaction_id
                if transaction_id:
                    logs.set_transaction_id(transaction_id)
                for warning in parsed.warnings:
                    LOGGER.warning("%s: %s", name, warning)
            stored_id = transaction_id or logs.transaction_id() or new_transaction_id()

            dangling: tuple[str, ...] = ()

            def decide(snapshot: Snapshot) -> Writes:
                nonlocal dangling
                writes = apply_command(name, snapshot, message, _now(), self._rules, stored_id)
                if isinstance(message, Configure) and message.new_scan_types:
                    block = snapshot.with_writes(writes, snapshot.revision).eb or {}
                    dangling = check_references(message, block, self.settings.strictness)
                return writes

            also = message_paths(message) if isinstance(message, AssignResources) else []
            views = self._transact(began, decide, also)
            for warning in dangling:
                LOGGER.warning("%s: %s", name, warning)
            LOGGER.info("%s done, obsState %s", name, views[-1].values["obsState"].name)
            return views

        self.execute_command(name, transact)

    def _transact(
        self, began: float, decide: Callable[[Snapshot], Writes], also: list[str] | None = None
    ) -> list[View]:
        def body(raw: Txn) -> tuple[Snapshot, Writes]:
            tree = Tree(raw, prefix)
            snapshot = self._read(tree, also or [])
            writes = decide(snapshot)
            write(tree, writes)
            return snapshot, writes

        prefix = self.settings.prefix
        prefetch = [prefix + path for path in (*self._required_paths, *(also or []))]
        (snapshot, writes), revision = self.transact(began, prefetch, body)
        after = snapshot.with_writes(writes, revision)
        self._required_paths = after.required_paths(self._rules.required_components)
        return [*self._unseen(snapshot), derive(after, _now(), self._rules)]

    def _unseen(self, snapshot: Snapshot) -> list[View]:
        """Return the view before a command if its obsState is not published yet.

        The command may have read a newer revision than the watch loop. Without this view, clients
        would miss the obsState that allowed the command.
        """
        shown = self.publisher.view
        now = _now()
        if shown is not None and shown.values["obsState"] is obs_state(snapshot, now, self._rules):
            return []
        return [derive(snapshot, now, self._rules)]

    # Reconciliation with the database

    def reconcile(self, watcher: Watcher[Any], publisher: Publisher) -> None:
        """Read the database once, publish the view, and write what follows from it."""
        shown = publisher.revision
        found = self._read_and_correct(watcher)
        if found is None:
            # The watcher was triggered while it waited for the database: the loop runs again.
            return
        snapshot, is_present = found
        self.detect_restore(publisher, shown, snapshot.revision)
        view = publisher.view
        if view is None or view.revision != snapshot.revision:
            view = derive(snapshot, _now(), self._rules)
            self._required_paths = snapshot.required_paths(self._rules.required_components)
            log_changes(publisher.publish(view))
        if view.timed_out:
            # The timeout expired after the transaction: the next iteration writes it.
            watcher.trigger()
        if view.wait_over:
            self._write_reached(watcher, view.command_count)
        if not is_present:
            take_presence(watcher, self._component)
        if view.deadline is not None:
            # Not a moment early: the timeout must have expired when the loop runs.
            watcher.set_wake_up_at(view.deadline + timedelta(milliseconds=1))

    @property
    def _component(self) -> str:
        return paths.component_of_subarray(self._subarray_id)

    def _read_and_correct(self, watcher: Watcher[Any]) -> tuple[Snapshot, bool] | None:
        result: tuple[Snapshot, Writes | None, bool] | None = None
        for txn in watcher.txn():
            raw: Txn = txn.raw
            tree = Tree(raw, self.settings.prefix)
            is_present = tree.get(paths.component(self._component)) is not None
            snapshot = self._read(tree)
            writes = upkeep.first_writes(snapshot)
            if writes is None:
                writes = upkeep.timeout_writes(snapshot, _now(), self._rules)
            write(tree, writes)
            result = snapshot, writes, is_present
        if result is None:
            return None
        snapshot, writes, is_present = result
        if writes is not None:
            snapshot = snapshot.with_writes(writes, raw.reads.revision)
        return snapshot, is_present

    def _write_reached(self, watcher: Watcher[Any], command_count: int) -> None:
        for txn in watcher.txn():
            tree = Tree(txn.raw, self.settings.prefix)
            write(tree, upkeep.reached_writes(self._read(tree), command_count))

    def _read(self, tree: Tree, also: Iterable[str] = ()) -> Snapshot:
        components = self._rules.required_components
        return read_snapshot(tree, self._subarray_id, components, also, self._required_paths)


def _decode_utf8(text: str) -> str:
    """Decode an argument as UTF-8, the encoding of JSON: Tango decodes strings as Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        # The client sent Latin-1.
        return text


def _now() -> datetime:
    return datetime.now(timezone.utc)


def main() -> None:
    """Run a server of subarrays."""
    run(SDPSubarray)
