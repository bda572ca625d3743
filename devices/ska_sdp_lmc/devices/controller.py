"""Device server of the controller."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import tango
from tango.server import device_property

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc import controller, paths
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.states import AdminMode
from ska_sdp_config.lmc.system import System, derive_system
from ska_sdp_config.lmc.view import View
from ska_sdp_lmc.devices.base import LmcDevice, log_changes, new_transaction_id
from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.attributes import constant, published, tango_command
from ska_sdp_lmc.runtime.presence import take_presence
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.repository import SystemReader, Tree, read_controller, write
from ska_sdp_lmc.runtime.server import run

__all__ = ["SDPController", "main"]

LOGGER = logging.getLogger(__name__)

COMPONENT = "lmc-controller"


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
        doc="Path of the document with available_mb (default /resource/capacity-buffer).",
    )

    sdp_version = constant(
        "sdpVersion",
        lambda device: _to_ascii_json(device.settings.version_info),
        "Version of the SDP and of its components; JSON.",
        label="SDP version",
    )
    components = published(
        "components",
        str,
        "Components expected or there: ONLINE or OFFLINE, and who; JSON.",
        label="components",
    )
    capacity_buffer_storage = published(
        "capacityBufferStorage",
        tango.DevLong64,
        "Free space of the buffer, -1 when not known.",
        label="buffer",
        unit="MB",
        min_value=-1,
    )
    subarrays = published("subarrays", str, "State of each subarray; JSON.", label="subarrays")
    execution_blocks = published(
        "executionBlocks", str, "Active execution blocks; JSON.", label="execution blocks"
    )
    processing_blocks = published(
        "processingBlocks",
        str,
        "Processing blocks that have not ended; JSON.",
        label="processing blocks",
    )

    @tango_command("Lead to State ON.")
    def On(self) -> None:  # noqa: N802 - Tango's name
        """Switch on."""
        self._command("On")

    @tango_command("Lead to State STANDBY.")
    def Standby(self) -> None:  # noqa: N802 - Tango's name
        """Stand by."""
        self._command("Standby")

    @tango_command("Lead to State OFF.")
    def Off(self) -> None:  # noqa: N802 - Tango's name
        """Switch off."""
        self._command("Off")

    @tango_command("Lead to State DISABLE; for older clients.")
    def Disable(self) -> None:  # noqa: N802 - Tango's name
        """Disable."""
        self._command("Disable")

    def write_admin_mode(self, mode: AdminMode) -> None:
        """Write adminMode to the database and publish it."""
        self._execute(
            "adminMode", lambda entry: controller.set_admin_mode(entry, mode), "Writing adminMode"
        )

    def begin(self) -> None:
        """Initialise the reader of the system."""
        self._rules = self.settings.of_controller()
        self._reader = SystemReader(self._rules.storage_path)

    def access(self) -> Access:
        """Return the paths that the device reads and writes; see LmcDevice."""
        return Access.of_controller(COMPONENT, self._rules.storage_path, self.settings.prefix)

    def _command(self, name: str) -> None:
        def decide(entry: ControllerEntry) -> ControllerEntry:
            transaction_id = logs.transaction_id() or new_transaction_id()
            return controller.apply_command(name, entry, _now(), transaction_id)

        self._execute(name, decide)

    def _execute(
        self,
        name: str,
        decide: Callable[[ControllerEntry], ControllerEntry],
        words: str | None = None,
    ) -> None:
        began = time.monotonic()
        prefix = self.settings.prefix

        def body(raw: Txn) -> ControllerEntry:
            tree = Tree(raw, prefix)
            entry = decide(read_controller(tree))
            write(tree, entry.writes())
            return entry

        def transact() -> list[View]:
            entry, revision = self.transact(began, [prefix + paths.CONTROLLER], body)
            LOGGER.info("%s done, State %s", words or name, entry.shown_state.name)
            # The watch loop publishes the other attributes.
            return [View(revision, entry.command_count, None, entry.values())]

        self.execute_command(name, transact, words)

    def reconcile(self, watcher: Watcher[Any], publisher: Publisher) -> None:
        """Read the database once, publish the view, and write what follows from it."""
        shown = publisher.revision
        system: System | None = None
        for txn in watcher.txn():
            tree = Tree(txn.raw, self.settings.prefix)
            system = self._reader.read(tree)
            if paths.CONTROLLER not in system.documents:
                write(tree, ControllerEntry().writes())
        if system is None:
            # The watcher was triggered while it waited for the database: the loop runs again.
            return
        self.detect_restore(publisher, shown, system.revision)
        log_changes(publisher.publish(derive_system(system, self._rules)))
        if COMPONENT not in system.all_of("component", "owner"):
            take_presence(watcher, COMPONENT)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _to_ascii_json(document: str) -> str:
    """Escape non-ASCII characters of a JSON text: Tango's strings are Latin-1."""
    return document if document.isascii() else json.dumps(json.loads(document))


def main() -> None:
    """Run a server of the controller."""
    run(SDPController)
