"""Simulated processing controller and the scripts that it starts, in one watch loop.

A reconciliation reads the processing blocks that have not ended, in one transaction. It then
writes the steps that are due, each in its own transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from ska_sdp_config import Config, TransactionTooLarge
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.times import read_time
from ska_sdp_sim.block import Block
from ska_sdp_sim.database import (
    fetch_blocks,
    find_leftovers,
    find_unfinished,
    is_id,
    own_deployments,
    paths_of,
    read_block,
    remove_leftovers,
    write_step,
)
from ska_sdp_sim.loop import RETRY_DELAY, ErrorIsolation
from ska_sdp_sim.script import Done, Settings, Step, Wait, end, next_step, phase

LOGGER = logging.getLogger(__name__)

_DELETED = "the deployments of deleted blocks"
"""Name of their search in the log, if it fails."""


@dataclass(slots=True)
class _Phase:
    """Current phase of a block, its start, and the IDs of related entities.

    Attributes:
        deployments: IDs of the deployments that run its script and that the script creates.
        recorded: IDs of the existing deployments that its state records.
    """

    name: str
    since: datetime
    eb_id: str | None
    deployments: tuple[str, str]
    recorded: Iterable[str] = ()


class ProcessingController:
    """Runs the scripts of processing blocks from start to end.

    The state in memory saves reads and measures waits; a new controller rebuilds it from the
    database.

    Attributes:
        root: prefix of the paths to follow.
    """

    def __init__(self, config: Config, settings: Settings | None = None, prefix: str = "") -> None:
        self.root = f"{prefix}/pb/"
        self._config = config
        self._settings = settings or Settings()
        self._prefix = prefix
        self._unfinished: set[str] = set()
        self._phases: dict[str, _Phase] = {}
        self._errors = ErrorIsolation(LOGGER)

    def reconcile(self, watcher: Watcher[Transaction]) -> None:
        """Write all steps that are due; an error in one block does not affect the others.

        Raises:
            ConfigConnectionError: a step was not written, or the outcome is unknown.
            LeaseNotFound: the lease of this process has expired.
        """
        due, deleted = self._survey(watcher)
        for pb_id, names in self._deployments_of(deleted).items():
            with self._errors.isolate(pb_id):
                self._remove_deployments(pb_id, names)
        if deleted & self._unfinished:
            # Their work failed. No event would start it again, as they do not exist.
            watcher.set_wake_up_at(datetime.now(timezone.utc) + RETRY_DELAY)
        for pb_id in due:
            with self._errors.isolate(pb_id):
                while self._advance(watcher, pb_id):
                    self._errors.clear(pb_id)

    def _survey(self, watcher: Watcher[Transaction]) -> tuple[list[str], set[str]]:
        """Return the blocks with a due step, and those that were deleted before their end.

        It writes nothing: a commit that depends on so many reads would often conflict.
        """
        due: list[str] = []
        deleted: set[str] = set()
        for txn in watcher.txn():
            changed = watcher.changed
            if changed is None:
                # Also those that were deleted meanwhile, whose deployments are to be removed.
                self._unfinished = find_unfinished(txn, self._prefix) | self._phases.keys()
            else:
                names = {path[len(self.root) :].partition("/")[0] for path in changed}
                self._unfinished |= set(filter(is_id, names))
            unfinished = sorted(self._unfinished)
            due, deleted = [], set()
            fetch_blocks(txn, self._prefix, unfinished)
            for pb_id in unfinished:
                with self._errors.isolate(pb_id):
                    block = read_block(txn, pb_id)
                    if block is None:
                        deleted.add(pb_id)
                        continue
                    step = self._next(watcher, block)
                    if isinstance(step, Step):
                        due.append(pb_id)
                        continue
                    self._errors.clear(pb_id)
                    if isinstance(step, Done):
                        self._drop(pb_id)
        return due, deleted

    def _drop(self, pb_id: str) -> None:
        self._unfinished.discard(pb_id)
        self._phases.pop(pb_id, None)
        self._errors.clear(pb_id)

    def _next(self, watcher: Watcher[Transaction], block: Block) -> Step | Wait | Done:
        now = datetime.now(timezone.utc)
        step = next_step(block, self._since(block, now), now, self._settings)
        if isinstance(step, Wait) and step.until is not None:
            watcher.set_wake_up_at(step.until)
        return step

    def _since(self, block: Block, now: datetime) -> datetime:
        """Return the time at which a block entered its phase."""
        current = self._phases.get(block.pb_id)
        if current is None:
            # Another process may have written the state; its time has a resolution of 1 s.
            started = read_time((block.state or {}).get("last_updated")) or now
            own = own_deployments(block.pb_id, block.script_name)
            current = _Phase(phase(block), min(started, now), block.eb_id, own)
            self._phases[block.pb_id] = current
        elif current.name != phase(block):
            current.name, current.since = phase(block), now
        current.recorded = tuple(block.recorded)
        return current.since

    def _advance(self, watcher: Watcher[Transaction], pb_id: str) -> bool:
        """Write the next step of a block, if one is due; return whether there may be more."""
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
                write_step(txn, block, end(block, "FAILED", reason), datetime.now(timezone.utc))
        LOGGER.error("%s: %s", pb_id, reason)

    def _paths(self, pb_id: str) -> list[str]:
        known = self._phases[pb_id]
        deployments = [*known.deployments, *known.recorded]
        return paths_of(self._prefix, pb_id, known.eb_id, deployments)

    def _deployments_of(self, deleted: set[str]) -> dict[str, Collection[str]]:
        """Return the possible deployments of deleted blocks, by block.

        Thousands of blocks may have been deleted at once, mostly blocks that had ended.
        """
        found: dict[str, Collection[str]] = {
            pb_id: self._phases[pb_id].deployments for pb_id in deleted & self._phases.keys()
        }
        unknown = deleted - found.keys()
        if unknown:
            with self._errors.isolate(_DELETED):
                leftovers: dict[str, list[str]] = {}
                for txn in self._config.txn():
                    leftovers = find_leftovers(txn, self._prefix, unknown)
                found.update(leftovers)
                for pb_id in unknown - leftovers.keys():
                    self._drop(pb_id)
                self._errors.clear(_DELETED)
        return found

    def _remove_deployments(self, pb_id: str, names: Collection[str]) -> None:
        """Remove the deployments of a deleted block, unless a block exists that may have them."""
        paths = paths_of(self._prefix, pb_id, None, names)
        for txn in self._config.txn(prefetch=paths):
            remove_leftovers(txn, self._prefix, pb_id, names)
        LOGGER.info("%s: deleted", pb_id)
        self._drop(pb_id)


def _write_or_fail(txn: Transaction, block: Block, step: Step) -> Step:
    """Write a step, or the status FAILED if the step cannot be stored.

    Both in one transaction, so that a block corrected meanwhile does not become FAILED.

    Raises:
        ValueError: the block's state cannot be stored either.
    """
    now = datetime.now(timezone.utc)
    try:
        write_step(txn, block, step, now)
    except ValueError as error:
        # Stored JSON may contain values that the library rejects, such as NaN.
        step = end(block, "FAILED", f"Its next step cannot be written: {error}")
        write_step(txn, block, step, now)
    return step
