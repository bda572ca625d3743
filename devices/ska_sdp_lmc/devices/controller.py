"""Device server of the controller."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import tango
from tango.server import device_property

from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc import controller, paths
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.snapshot import Writes
from ska_sdp_config.lmc.states import AdminMode
from ska_sdp_config.lmc.system import ControllerView, System, derive_system
from ska_sdp_config.lmc.view import View
from ska_sdp_lmc.devices.base import COMMON, LmcDevice, log_changes
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.attributes import Attribute, declare, tango_command
from ska_sdp_lmc.runtime.command_runner import Command
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.repository import SystemReader, read_controller, write
from ska_sdp_lmc.runtime.server import run

__all__ = ["SDPController", "main"]

COMPONENT = "lmc-controller"


def _to_ascii_json(document: str) -> str:
    """Escape non-ASCII characters of a JSON text: Tango's strings are Latin-1."""
    return document if document.isascii() else json.dumps(json.loads(document))


# fmt: off
ATTRIBUTES: tuple[Attribute[ControllerView], ...] = (
    Attribute("sdpVersion", str, "SDP version", None,
              "Version of the SDP and of its components; JSON.",
              constant=lambda device: _to_ascii_json(device.settings.version_info)),
    Attribute("components", str, "components", lambda view: view.components,
              "Components that are expected or alive: ONLINE or OFFLINE, and their owner; JSON.",
              source=ControllerView),
    Attribute("capacityBufferStorage", tango.DevLong64, "buffer",
              lambda view: view.capacity_buffer_storage,
              "Free space of the buffer, -1 if unknown.",
              unit="MB", min_value=-1, source=ControllerView),
    Attribute("subarrays", str, "subarrays", lambda view: view.subarrays,
              "State of each subarray; JSON.", source=ControllerView),
    Attribute("executionBlocks", str, "execution blocks", lambda view: view.execution_blocks,
              "Active execution blocks; JSON.", source=ControllerView),
    Attribute("processingBlocks", str, "processing blocks", lambda view: view.processing_blocks,
              "Processing blocks that have not ended; JSON.", source=ControllerView),
)
"""Attributes of the controller alone."""
# fmt: on


class SDPController(LmcDevice):
    """The science data processor as a whole."""

    Components = device_property(
        dtype=(str,),
        doc="Components expected, 'none' for none (default proccontrol,helmdeploy).",
    )
    VersionInfo = device_property(
        dtype=str, doc="Version of the SDP and of its components; a JSON object (default {})."
    )
    StorageKey = device_property(
        dtype=str,
        doc="Path of the resource that is the capacity buffer (default: the first one with "
        "capacity-buffer or storage in its path).",
    )

    attributes = (*COMMON, *ATTRIBUTES)
    vars().update(declare(ATTRIBUTES))

    @tango_command("Lead to State ON.")
    def On(self) -> None:
        """Switch on."""
        self.commands.run(Command("On"))

    @tango_command("Lead to State STANDBY.")
    def Standby(self) -> None:
        """Stand by."""
        self.commands.run(Command("Standby"))

    @tango_command("Lead to State OFF.")
    def Off(self) -> None:
        """Switch off."""
        self.commands.run(Command("Off"))

    @tango_command("Lead to State DISABLE; for older clients.")
    def Disable(self) -> None:
        """Disable."""
        self.commands.run(Command("Disable"))

    def begin(self) -> None:
        """Initialise the reader of the system."""
        self._reader = SystemReader(self.settings.storage_key, self.settings.prefix)

    def followed(self) -> Sequence[str]:
        """Return the prefixes of blocks."""
        return self._reader.followed

    def access(self) -> Access:
        """Return the paths that the device reads and writes; see LmcDevice."""
        return Access.of_controller(COMPONENT, self.settings.storage_key, self.settings.prefix)

    # Steps of a command, see command_runner

    def read_documents(self, txn: Transaction, message: Any) -> ControllerEntry:
        """Read the entry."""
        return read_controller(txn)

    def decide(
        self, command: Command, found: ControllerEntry, message: Any, transaction_id: str
    ) -> Writes:
        """Return the writes of a command, or of adminMode."""
        if isinstance(message, AdminMode):
            return controller.set_admin_mode(found, message).writes()
        return controller.apply_command(command.name, found, _now(), transaction_id).writes()

    def derive_unseen(self, found: ControllerEntry) -> None:
        """Return None: no State is derived from the time."""

    def derive(self, found: ControllerEntry, writes: Writes, revision: int) -> View:
        """Return a view of the entry; the watch loop publishes the other attributes."""
        return ControllerEntry.read(writes.documents[paths.CONTROLLER]).view(revision)

    def reconcile(self, watcher: Watcher[Transaction], publisher: Publisher) -> None:
        """Read the database once, publish the view, and write the resulting updates."""
        shown = publisher.revision
        system: System | None = None
        for txn in watcher.txn():
            system = self._reader.read(txn, watcher.changed)
            if paths.CONTROLLER not in system.documents:
                write(txn, ControllerEntry().writes())
        if system is None:
            # The watcher was triggered while it waited for the database: the loop runs again.
            return
        self.detect_restore(publisher, shown, system.revision)
        log_changes(publisher.publish(derive_system(system, self.settings)))
        if COMPONENT not in system.all_of("component", "owner"):
            self.take_presence(watcher, COMPONENT)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def main() -> None:
    """Run a server of the controller."""
    run(SDPController)
