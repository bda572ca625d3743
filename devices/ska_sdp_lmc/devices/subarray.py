"""Device server of the subarrays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import tango
from tango.server import device_property

from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.lmc import paths, upkeep
from ska_sdp_config.lmc.derive import SubarrayView, derive, obs_state
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_lmc.commands import (
    Message,
    apply_command,
    message_paths,
    observing,
    recovery,
    resourcing,
)
from ska_sdp_lmc.devices.base import COMMON, LmcDevice, log_changes
from ska_sdp_lmc.messages import (
    AssignResources,
    Configure,
    check_references,
    parse_assign_resources,
    parse_configure,
    parse_release_resources,
    parse_scan,
)
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.attributes import Attribute, declare, tango_command
from ska_sdp_lmc.runtime.command_runner import Command
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.repository import SnapshotReader, write
from ska_sdp_lmc.runtime.server import run
from ska_sdp_lmc.runtime.settings import SettingsError

__all__ = ["ATTRIBUTES", "COMMANDS", "SDPSubarray", "main"]

COMMANDS = {
    command.name: command
    for command in (
        Command("On", recovery.on),
        Command("Off", recovery.off),
        Command("AssignResources", resourcing.assign_resources, parse_assign_resources),
        Command("ReleaseResources", resourcing.release_resources, parse_release_resources),
        Command("ReleaseAllResources", resourcing.release_all_resources),
        Command("Configure", observing.configure, parse_configure),
        Command("Scan", observing.scan, parse_scan),
        Command("EndScan", observing.end_scan),
        Command("End", observing.end),
        Command("Abort", recovery.abort),
        Command("ObsReset", recovery.obs_reset),
        Command("Restart", recovery.restart),
    )
}
"""Commands of the subarray by name."""

# fmt: off
ATTRIBUTES: tuple[Attribute[SubarrayView], ...] = (
    Attribute("obsState", ObsState, "obsState", lambda view: view.obs_state,
              "Observing state."),
    Attribute("resources", str, "resources", lambda view: view.resources,
              "Assigned resources, which are managed externally; JSON."),
    Attribute("ebID", str, "execution block", lambda view: view.eb_id,
              "ID of the execution block, null without one."),
    Attribute("receiveAddresses", str, "receive addresses", lambda view: view.receive_addresses,
              "Addresses to which the correlator sends visibilities, by scan type and beam; "
              "JSON."),
    Attribute("scanType", str, "scan type", lambda view: view.scan_type,
              "Configured scan type, null without one."),
    Attribute("scanID", tango.DevLong64, "scan", lambda view: view.scan_id,
              "ID of the running scan, 0 without one.", min_value=0),
    Attribute("ebState", str, "execution block state", lambda view: view.eb_state,
              "Status of the execution block, its scan type and scans; JSON."),
    Attribute("pbState", str, "processing block states", lambda view: view.pb_state,
              "Status, resources, deployments and errors of each processing block; JSON."),
    Attribute("errorMessages", str, "errors", lambda view: view.error_messages,
              "Causes of FAULT, by processing block ID or 'subarray'; JSON."),
    Attribute("lastCommand", str, "last command", lambda view: view.last_command,
              "Name of the last accepted command."),
    Attribute("transactionID", str, "transaction", lambda view: view.transaction_id,
              "Transaction ID of the last accepted command."),
    Attribute("commandedState", str, "commanded State", lambda view: view.commanded_state,
              "Last commanded State."),
    Attribute("commandedObsState", ObsState, "commanded obsState",
              lambda view: view.commanded_obs_state, "Last commanded obsState."),
)
"""Attributes of the subarray alone."""
# fmt: on


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

    attributes = (*COMMON, *ATTRIBUTES)
    vars().update(declare(ATTRIBUTES))

    # Commands

    @tango_command("Switch on, to obsState EMPTY.")
    def On(self) -> None:
        """Switch on."""
        self.commands.run(COMMANDS["On"])

    @tango_command("Switch off: the execution block is cancelled, resources are released.")
    def Off(self) -> None:
        """Switch off."""
        self.commands.run(COMMANDS["Off"])

    @tango_command("JSON text of schema ska-sdp-assignres.", dtype_in=str)
    def AssignResources(self, text: str) -> None:
        """Assign resources, begin an execution block, add processing blocks."""
        self.commands.run(COMMANDS["AssignResources"], text)

    @tango_command("JSON text of schema ska-sdp-releaseres.", dtype_in=str)
    def ReleaseResources(self, text: str) -> None:
        """Release some resources."""
        self.commands.run(COMMANDS["ReleaseResources"], text)

    @tango_command("Release all resources; the execution block is finished.")
    def ReleaseAllResources(self) -> None:
        """Release all resources."""
        self.commands.run(COMMANDS["ReleaseAllResources"])

    @tango_command("JSON text of schema ska-sdp-configure.", dtype_in=str)
    def Configure(self, text: str) -> None:
        """Select a scan type."""
        self.commands.run(COMMANDS["Configure"], text)

    @tango_command("JSON text of schema ska-sdp-scan.", dtype_in=str)
    def Scan(self, text: str) -> None:
        """Begin a scan."""
        self.commands.run(COMMANDS["Scan"], text)

    @tango_command("End the scan.")
    def EndScan(self) -> None:
        """End the scan."""
        self.commands.run(COMMANDS["EndScan"])

    @tango_command("End the execution block; its batch processing continues.")
    def End(self) -> None:
        """End the execution block."""
        self.commands.run(COMMANDS["End"])

    @tango_command("Stop the current activity, to obsState ABORTED.")
    def Abort(self) -> None:
        """Stop the current activity."""
        self.commands.run(COMMANDS["Abort"])

    @tango_command("Return to IDLE after ABORTED or FAULT.")
    def ObsReset(self) -> None:
        """Return to IDLE."""
        self.commands.run(COMMANDS["ObsReset"])

    @tango_command("Return to EMPTY after ABORTED or FAULT; the execution block is cancelled.")
    def Restart(self) -> None:
        """Return to EMPTY."""
        self.commands.run(COMMANDS["Restart"])

    # Initialisation

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
        """Initialise the subarray ID and the reader of snapshots."""
        self._subarray_id = self.name.rpartition("/")[2]
        self._reader = SnapshotReader(self._subarray_id, self.settings.required_components)
        # Only once: two servers of a subarray would else overwrite each other's for ever.
        self._settings_are_stored = False

    def access(self) -> Access:
        """Return the paths that the device reads and writes; see LmcDevice."""
        required = self.settings.required_components
        return Access.of_subarray(self._subarray_id, required, self.settings.prefix)

    # Steps of a command, see command_runner

    def read_documents(self, txn: Transaction, message: object) -> Snapshot:
        """Read the snapshot, and the paths that a message would create."""
        also = message_paths(message) if isinstance(message, AssignResources) else []
        return self._reader.read(txn, also)

    def decide(
        self,
        command: Command,
        found: Snapshot,
        message: Message | AdminMode | None,
        transaction_id: str,
    ) -> Writes:
        """Return the writes of a command, or of adminMode."""
        if isinstance(message, AdminMode):
            return upkeep.admin_mode_writes(found, message)
        assert command.decide is not None
        writes = apply_command(
            command.name, command.decide, found, message, _now(), self.settings, transaction_id
        )
        if not isinstance(message, Configure) or not message.new_scan_types:
            return writes
        block = found.with_writes(writes, found.revision).eb or {}
        return replace(writes, warnings=check_references(message, block, self.settings.strictness))

    def derive_unseen(self, found: Snapshot) -> SubarrayView | None:
        """Return the view before a command if its obsState is not published yet.

        The command may have read a newer revision than the watch loop. Without this view, clients
        would miss the obsState that allowed the command.
        """
        shown, now = self.publisher.view, _now()
        before = obs_state(found, now, self.settings)
        if isinstance(shown, SubarrayView) and shown.obs_state is before:
            return None
        return derive(found, now, self.settings)

    def derive(self, found: Snapshot, writes: Writes, revision: int) -> SubarrayView:
        """Return the view of the commit."""
        after = found.with_writes(writes, revision)
        self._reader.expected = after.required_paths(self.settings.required_components)
        return derive(after, _now(), self.settings)

    # Reconciliation with the database

    def reconcile(self, watcher: Watcher[Transaction], publisher: Publisher) -> None:
        """Read the database once, publish the view, and write the resulting updates."""
        shown = publisher.revision
        found = self._read_and_correct(watcher)
        if found is None:
            # The watcher was triggered while it waited for the database: the loop runs again.
            return
        snapshot, is_present = found
        if self.detect_restore(publisher, shown, snapshot.revision):
            # The older copy may have others: the next iteration writes them.
            self._settings_are_stored = False
            watcher.trigger()
        view = publisher.view
        if not isinstance(view, SubarrayView) or view.revision != snapshot.revision:
            view = derive(snapshot, _now(), self.settings)
            log_changes(publisher.publish(view))
        if view.timed_out:
            # The timeout expired after the transaction: the next iteration writes it.
            watcher.trigger()
        if view.wait_over:
            for txn in watcher.txn():
                now = self._reader.read(txn)
                write(txn, upkeep.reached_writes(now, view.command_count, self.settings))
        if not is_present:
            self.take_presence(watcher, self._component)
        if view.deadline is not None:
            # Not a moment early: the timeout must have expired when the loop runs.
            watcher.set_wake_up_at(view.deadline + timedelta(milliseconds=1))

    def _read_and_correct(self, watcher: Watcher[Transaction]) -> tuple[Snapshot, bool] | None:
        """Read the snapshot and whether this device is registered; write what is missing.

        Returns:
            The snapshot with the writes, None if the watcher was triggered before the read.
        """
        snapshot: Snapshot | None = None
        for txn in watcher.txn():
            is_present = txn.texts.get(paths.component(self._component)) is not None
            snapshot = self._reader.read(txn)
            writes = upkeep.first_writes(snapshot, self.settings)
            if writes is None and not self._settings_are_stored:
                writes = upkeep.settings_writes(snapshot, self.settings)
            if writes is None:
                writes = upkeep.timeout_writes(snapshot, _now(), self.settings)
            write(txn, writes)
        if snapshot is None:
            return None
        if upkeep.has_sound_entry(snapshot):
            self._settings_are_stored = True
        if writes is not None:
            snapshot = snapshot.with_writes(writes, txn.commit_revision)
        return snapshot, is_present

    @property
    def _component(self) -> str:
        return paths.component_of_subarray(self._subarray_id)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def main() -> None:
    """Run a server of subarrays."""
    run(SDPSubarray)
