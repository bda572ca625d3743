"""Writing many keys in one transaction or in batches, for ``import`` and ``load``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ska_sdp_config.cli.errors import Failed, Unfinished
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.output import Change, Difference, Printer, note
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.entity.codec import decode, encode
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import TransactionTooLarge
from ska_sdp_config.store.interface import NEVER, KeyAt, Put, Query
from ska_sdp_config.store.keys import Span, key_of_path

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.transaction import Transaction

__all__ = ["Batch", "Goal", "Step", "execute_goal", "plan", "preview", "write"]

MAX_KEYS_READ_SINGLY = 100
"""Maximum number of keys to read one by one; more are read with their whole directory."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Desired contents of keys.

    Attributes:
        root: the common beginning of their paths.
        texts: the desired texts, None to delete.
        levels: the number of levels below the root.
        is_surplus: returns whether to delete another path of these levels; None to keep all.
    """

    root: str
    texts: Mapping[str, str | None]
    levels: int = 0
    is_surplus: Callable[[str], bool] | None = None

    def read(self, txn: Transaction) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """Return the stored texts and the desired texts of the same paths."""
        wanted = dict(self.texts)
        if self.is_surplus is not None:
            found = txn.list_keys(self.root, self.levels)
            surplus = [path for path in found if path not in wanted and self.is_surplus(path)]
            wanted |= dict.fromkeys(surplus)
        elif not 0 < len(wanted) <= MAX_KEYS_READ_SINGLY:
            # Also without texts, so that an unreachable database is reported. Only the listing of
            # the backend's transaction has no guards, which would count to the limit of size.
            txn.raw.peek_keys(self.root, self.levels)
        return txn.get_many(wanted), wanted


class Step(NamedTuple):
    """One write to a key; the verb is ``create``, ``update`` or ``delete``."""

    verb: str
    path: str
    text: str = ""

    def apply(self, txn: Transaction) -> None:
        """Write the key."""
        if self.verb == "create":
            txn.create(self.path, self.text)
        elif self.verb == "update":
            txn.update(self.path, self.text)
        else:
            txn.delete(self.path)


class Batch(NamedTuple):
    """Result of one committed transaction."""

    paths: list[str]
    steps: list[Step]
    unchanged: int
    is_complete: bool
    """Whether this is the only batch."""


def plan(stored: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> Iterator[Step]:
    """Yield the writes that lead from the stored to the desired texts, in the order of ``wanted``.

    A text is not written if the stored JSON has the same value. None, or a missing stored path,
    means no text.
    """
    for path, text in wanted.items():
        before = stored.get(path)
        if text is None:
            if before is not None:
                yield Step("delete", path)
        elif before is None:
            yield Step("create", path, text)
        elif not _is_same(before, text):
            yield Step("update", path, text)


def _is_same(before: str, text: str) -> bool:
    try:
        return before == text or encode(decode(before, "")) == text
    except ValueError:
        return False


def write(
    config: Config,
    goal: Goal,
    *,
    atomic: bool,
    on_commit: Callable[[Batch], None],
    check_interrupt: Callable[[], None] = lambda: None,
) -> None:
    """Write a goal.

    Keys are read in the transaction that writes them, so that all match the goal when it is
    committed. If that exceeds the server's limits, only the changed keys are written, in batches
    of decreasing size if necessary; each batch reads its keys again.

    Args:
        config: the database.
        goal: the desired contents.
        atomic: whether to fail if it does not fit one transaction.
        on_commit: called after each commit.
        check_interrupt: called before each commit; raises to stop there.

    Raises:
        Failed: it exceeds one transaction and ``atomic`` is set, or a text fits none; nothing was
            written.
        Unfinished: it stopped between two batches.
    """
    steps: list[Step] = []
    wanted: dict[str, str | None] = {}
    prefetch = [] if len(goal.texts) > MAX_KEYS_READ_SINGLY else goal.texts
    try:
        for txn in config.txn(prefetch=prefetch):
            stored, wanted = goal.read(txn)
            steps = list(plan(stored, wanted))
            check_interrupt()
            for step in steps:
                step.apply(txn)
    except TransactionTooLarge as exc:
        todo = {step.path: wanted[step.path] for step in steps}
        _check_sizes(config, todo)
        batches = _batches(config, todo, len(wanted) - len(todo), check_interrupt, atomic, exc)
        _report_batches(batches, on_commit)
    else:
        on_commit(Batch(list(wanted), steps, len(wanted) - len(steps), is_complete=True))


def _batches(
    config: Config,
    todo: Mapping[str, str | None],
    unchanged: int,
    check_interrupt: Callable[[], None],
    atomic: bool,
    reason: TransactionTooLarge,
) -> Iterator[Batch]:
    """Write the changed keys in several transactions; yield each batch after its commit."""
    paths = list(todo)
    # Start with all of them: without the unchanged keys they may fit one transaction.
    size = len(paths)
    while paths:
        check_interrupt()
        if atomic and size < len(todo):
            raise Failed(f"{reason} Without --atomic it is split into batches.") from reason
        some = {path: todo[path] for path in paths[:size]}
        steps: list[Step] = []
        try:
            for txn in config.txn(prefetch=some):
                steps = list(plan(txn.get_many(some), some))
                for step in steps:
                    step.apply(txn)
        except TransactionTooLarge:
            if len(some) == 1:
                raise
            size = (len(some) + 1) // 2
            continue
        paths = paths[size:]
        unchanged += len(some) - len(steps)
        yield Batch(list(some), steps, unchanged, is_complete=len(some) == len(todo))
        unchanged = 0


def _report_batches(batches: Iterator[Batch], on_commit: Callable[[Batch], None]) -> None:
    committed: list[Batch] = []
    try:
        for batch in batches:
            committed.append(batch)
            on_commit(batch)
    except BaseException as exc:  # including Ctrl-C: committed batches must be reported
        if not committed:
            raise
        count = len(committed)
        which = "Batch 1 is committed" if count == 1 else f"Batches 1 to {count} are committed"
        raise Unfinished(
            f"{which}: {committed[0].paths[0]} to {committed[-1].paths[-1]}."
        ) from exc


MIN_CHECKED_CHARS = 2**16
"""Number of characters below which a text fits a transaction of any server."""


def _check_sizes(config: Config, texts: Mapping[str, str | None]) -> None:
    """Check that each text fits a transaction of its own, without writing anything.

    The limit is a setting of the server. Therefore this sends the largest texts in transactions
    with a guard that never holds: the server checks the size before the guards. No public
    transaction can have such a guard.

    Raises:
        Failed: some texts are too large.
    """
    backend = config.backend
    sizes = {
        path: len(text) for path, text in texts.items() if text and len(text) >= MIN_CHECKED_CHARS
    }
    too_large: list[str] = []
    for path in sorted(sizes, key=lambda path: -sizes[path]):
        key = key_of_path(path)
        try:
            backend.committer.commit(
                [KeyAt(key, NEVER)],
                [Put(key, texts[path] or "")],
                [Query(Span(key), keys_only=True)],
                deadline=Deadline(backend.store.timeout, None, backend.address),
            )
        except TransactionTooLarge:
            too_large.append(path)
        else:
            break
    if too_large:
        raise Failed(
            f"Nothing was written, as one transaction has no room for {', '.join(too_large)}: "
            "make it smaller, or raise etcd's --max-request-bytes, 1.5 MiB by default."
        )


def execute_goal(goal: Goal, prefix: str, out: Printer, *, atomic: bool) -> None:
    """Write a goal and print the changes; see :func:`write`."""
    changes: list[Change] = []
    batches = unchanged = 0

    def on_commit(batch: Batch) -> None:
        nonlocal batches, unchanged
        batches += 1
        unchanged += batch.unchanged
        changes.extend(Change(f"{step.verb}d", step.path) for step in batch.steps)
        if not (batch.is_complete or out.quiet):
            note(f"batch {batches} committed: {batch.paths[0]} to {batch.paths[-1]}")

    try:
        # After an interrupt during a commit it would be unknown whether the batch is committed.
        with defer_interrupts() as check_interrupt, open_config(prefix, nullcontext()) as config:
            write(
                config, goal, atomic=atomic, on_commit=on_commit, check_interrupt=check_interrupt
            )
    except Unfinished:
        out.changes(changes, unchanged)
        raise
    out.changes(changes, unchanged)


def preview(goal: Goal, prefix: str) -> tuple[list[Difference], int]:
    """Return the changes to make, and the number of unchanged keys.

    Raises:
        Failed: a text is too large for a transaction.
    """
    differences: list[Difference] = []
    wanted: dict[str, str | None] = {}
    with open_config(prefix) as config:
        for txn in config.txn():
            stored, wanted = goal.read(txn)
            differences = [
                Difference(step.verb, step.path, stored.get(step.path), wanted[step.path])
                for step in plan(stored, wanted)
            ]
        _check_sizes(config, {each.path: each.after for each in differences})
    return differences, len(wanted) - len(differences)
