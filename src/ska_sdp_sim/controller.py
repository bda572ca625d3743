"""The simulator processing controller, with the scripts that it starts: one loop for all.

A turn reads the processing blocks that are not done, in one transaction, and takes those that
something is due for a step further, each step a transaction of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from ska_sdp_config import Config, TransactionTooLarge
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_sim.block import Block, last_updated_of
from ska_sdp_sim.database import fetch_blocks, paths_of, read_block, write_step
from ska_sdp_sim.script import Done, Settings, Step, Wait, next_step, phase
from ska_sdp_sim.shield import Shield

__all__ = ["ProcessingController"]

LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stretch:
    """A phase that a block is in, and since when; and what belongs to the block."""

    phase: str
    since: datetime
    eb_id: str | None
    deployment_id: str


class ProcessingController:
    """Takes processing blocks from their beginning to their end.

    What it remembers saves reading and measures waits; a new one finds all else in the
    database.

    Args:
        config: access to the database.
        settings: how scripts behave that do not say otherwise.
        prefix: what stands before the paths of entities.
    """

    def __init__(
        self,
        config: Config,
        settings: Settings | None = None,
        prefix: str = "",
    ) -> None:
        self._config = config
        self._settings = settings or Settings()
        self._prefix = prefix
        self._done: set[str] = set()
        self._stretches: dict[str, _Stretch] = {}
        self._shield = Shield(LOGGER)

    def turn(self, watcher: Watcher[Transaction]) -> None:
        """Take every block as far as it goes now; what fails for one is no matter of the others.

        Args:
            watcher: the watcher of the loop, which is told when to turn again.

        Raises:
            ConfigConnectionError: a step could not be written, or it is not known whether it was.
            LeaseNotFound: the lease to own by is lost.
        """
        due, gone = self._survey(watcher)
        for pb_id in gone:
            with self._shield.over(pb_id):
                self._remove_deployment(pb_id)
        for pb_id in due:
            with self._shield.over(pb_id):
                while self._take_further(watcher, pb_id):
                    self._shield.lift(pb_id)

    def _survey(self, watcher: Watcher[Transaction]) -> tuple[list[str], set[str]]:
        """Find blocks that a step is due for, and those that were deleted before their end.

        Nothing is written here: whoever reads so much would be in everybody's way.
        """
        due: list[str] = []
        gone: set[str] = set()
        for txn in watcher.txn():
            due = []
            unfinished = list(self._unfinished(txn))
            fetch_blocks(txn, self._prefix, unfinished)
            for pb_id in unfinished:
                with self._shield.over(pb_id):
                    block = read_block(txn, pb_id)
                    if block is None:
                        continue
                    if isinstance(self._next(watcher, block), Step):
                        due.append(pb_id)
                    else:
                        self._shield.lift(pb_id)
            gone = self._stretches.keys() - set(unfinished) - self._done
        for pb_id in self._done & self._stretches.keys():
            del self._stretches[pb_id]
        return due, gone

    def _unfinished(self, txn: Transaction) -> Iterator[str]:
        """List blocks by their keys alone; those that are done cost no reading."""
        root = f"{self._prefix}/pb/"
        paths = txn.list_keys(root, recurse=1)
        parts = [path[len(root) :].partition("/") for path in paths]
        begun = {pb_id for pb_id, _, below in parts if below == "state"}
        # One without a state has been made anew under the same id.
        self._done &= begun
        return (pb_id for pb_id, _, below in parts if not below and pb_id not in self._done)

    def _next(self, watcher: Watcher[Transaction], block: Block) -> Step | Wait | Done:
        now = datetime.now(timezone.utc)
        step = next_step(block, self._since(block, now), now, self._settings)
        if isinstance(step, Wait) and step.until is not None:
            watcher.set_wake_up_at(step.until)
        elif isinstance(step, Done):
            self._done.add(block.pb_id)
        return step

    def _since(self, block: Block, now: datetime) -> datetime:
        """Find out when a block came to be in its phase."""
        stretch = self._stretches.get(block.pb_id)
        if stretch is None:
            # What another process began tells its time itself, to the second.
            begun = last_updated_of(block.state or {}) or now
            stretch = _Stretch(phase(block), min(begun, now), block.eb_id, block.deployment_id)
            self._stretches[block.pb_id] = stretch
        elif stretch.phase != phase(block):
            stretch.phase, stretch.since = phase(block), now
        return stretch.since

    def _take_further(self, watcher: Watcher[Transaction], pb_id: str) -> bool:
        """Write the next step of a block, if one is due."""
        try:
            step = self._write_next(watcher, pb_id)
        except TransactionTooLarge as error:
            self._fail(pb_id, str(error))
            return False
        if step is None:
            return False
        LOGGER.info("%s: %s", pb_id, step.state.get("reason") or step.what)
        return True

    def _write_next(self, watcher: Watcher[Transaction], pb_id: str) -> Step | None:
        step: Step | Wait | Done | None = None
        for txn in self._config.txn(prefetch=self._paths(pb_id)):
            step = None
            block = read_block(txn, pb_id)
            if block is not None:
                step = self._next(watcher, block)
                if isinstance(step, Step):
                    step = _write_or_fail(txn, block, step)
        return step if isinstance(step, Step) else None

    def _fail(self, pb_id: str, reason: str) -> None:
        for txn in self._config.txn(prefetch=self._paths(pb_id)):
            block = read_block(txn, pb_id)
            if block is not None:
                write_step(txn, block, _failed(reason), datetime.now(timezone.utc))
        LOGGER.error("%s: %s", pb_id, reason)

    def _paths(self, pb_id: str) -> list[str]:
        stretch = self._stretches[pb_id]
        return paths_of(self._prefix, pb_id, stretch.eb_id, stretch.deployment_id)

    def _remove_deployment(self, pb_id: str) -> None:
        """Remove what was deployed for a block that has been deleted."""
        name = self._stretches[pb_id].deployment_id
        for txn in self._config.txn(prefetch=self._paths(pb_id)):
            if not txn.processing_block.exists(pb_id) and txn.deployment.exists(name):
                txn.delete_deployment(name)
        del self._stretches[pb_id]
        LOGGER.info("%s: deleted", pb_id)


def _write_or_fail(txn: Transaction, block: Block, step: Step) -> Step:
    """Write a step, or that the block FAILED if the step cannot be stored.

    Both in one transaction: a block that is corrected meanwhile is not marked as FAILED.

    Raises:
        ValueError: the state of the block cannot be stored either.
    """
    now = datetime.now(timezone.utc)
    try:
        write_step(txn, block, step, now)
    except ValueError as error:
        # JSON that was read may hold what must not be written, such as NaN.
        step = _failed(f"Its next step cannot be written: {error}")
        write_step(txn, block, step, now)
    return step


def _failed(reason: str) -> Step:
    return Step("FAILED", state={"status": "FAILED", "reason": reason}, leave=True)
