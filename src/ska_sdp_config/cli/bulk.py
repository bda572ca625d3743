"""Writing many keys: in one transaction if it fits, else in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ska_sdp_config.cli.errors import Failed, Unfinished
from ska_sdp_config.cli.sizes import check_sizes
from ska_sdp_config.entity.codec import decode, encode
from ska_sdp_config.store.errors import TransactionTooLarge

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.engine.transaction import Txn

__all__ = ["Batch", "Goal", "Step", "plan", "write"]

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

    def read(self, txn: Txn) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """Return the stored texts and the desired texts of the same paths."""
        wanted = dict(self.texts)
        if self.is_surplus is not None:
            found = txn.list_keys(self.root, self.levels)
            surplus = [path for path in found if path not in wanted and self.is_surplus(path)]
            wanted |= dict.fromkeys(surplus)
        elif not 0 < len(wanted) <= MAX_KEYS_READ_SINGLY:
            # Also without texts, so that an unreachable database is reported.
            txn.peek_keys(self.root, self.levels)
        return txn.get_many(wanted), wanted


class Step(NamedTuple):
    """One write to a key.

    Attributes:
        verb: ``create``, ``update`` or ``delete``.
        path: the key.
        text: the text to store, empty for a delete.
    """

    verb: str
    path: str
    text: str = ""


class Batch(NamedTuple):
    """Result of one committed transaction.

    Attributes:
        first: the first path.
        last: the last path.
        steps: the writes.
        unchanged: the number of keys that needed no write.
        is_complete: whether this is the only batch.
    """

    first: str
    last: str
    steps: list[Step]
    unchanged: int
    is_complete: bool


def plan(stored: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> Iterator[Step]:
    """Yield the writes that lead from the stored to the desired texts.

    Args:
        stored: the stored texts; None, or a missing path, for none.
        wanted: the desired texts in the library's encoding; None for none.

    Yields:
        Steps in the order of ``wanted``; none where the stored JSON has the same value.
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
    if before == text:
        return True
    try:
        return encode(decode(before, "")) == text
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
    try:
        for txn in config.txn(
            prefetch=[] if len(goal.texts) > MAX_KEYS_READ_SINGLY else goal.texts
        ):
            stored, wanted = goal.read(txn.raw)
            steps = list(plan(stored, wanted))
            check_interrupt()
            _apply(txn.raw, steps)
    except TransactionTooLarge as exc:
        todo = {step.path: wanted[step.path] for step in steps}
        check_sizes(config, todo)
        _write_in_batches(config, todo, len(wanted), exc, atomic, on_commit, check_interrupt)
    else:
        on_commit(Batch(*_first_and_last(wanted), steps, len(wanted) - len(steps), True))


def _write_in_batches(
    config: Config,
    todo: Mapping[str, str | None],
    count: int,
    reason: TransactionTooLarge,
    atomic: bool,
    on_commit: Callable[[Batch], None],
    check_interrupt: Callable[[], None],
) -> None:
    """Write the changed keys in several transactions."""
    paths = list(todo)
    unchanged = count - len(todo)
    # Start with all of them: without the unchanged keys they may fit one transaction.
    size = len(paths)
    committed: list[Batch] = []
    try:
        while paths:
            check_interrupt()
            if atomic:
                _reject_split(size < len(todo), reason)
            some = {path: todo[path] for path in paths[:size]}
            steps: list[Step] = []
            try:
                for txn in config.txn(prefetch=some):
                    steps = list(plan(txn.get_many(some), some))
                    _apply(txn.raw, steps)
            except TransactionTooLarge:
                if len(some) == 1:
                    raise
                size = (len(some) + 1) // 2
                continue
            unchanged += len(some) - len(steps)
            committed.append(
                Batch(*_first_and_last(some), steps, unchanged, len(some) == len(todo))
            )
            unchanged = 0
            paths = paths[size:]
            on_commit(committed[-1])
    except BaseException as exc:  # including Ctrl-C: committed batches must be reported
        if not committed:
            raise
        raise Unfinished(_committed_message(committed)) from exc


def _reject_split(is_split: bool, reason: TransactionTooLarge) -> None:
    if is_split:
        raise Failed(f"{reason} Without --atomic it is split into batches.") from reason


def _apply(txn: Txn, steps: Iterable[Step]) -> None:
    for step in steps:
        if step.verb == "create":
            txn.create(step.path, step.text)
        elif step.verb == "update":
            txn.update(step.path, step.text)
        else:
            txn.delete(step.path)


def _first_and_last(paths: Iterable[str]) -> tuple[str, str]:
    """Return the first and the last path, empty strings if there is none."""
    first, *rest = [*paths] or [""]
    return first, (rest or [first])[-1]


def _committed_message(committed: Sequence[Batch]) -> str:
    count = len(committed)
    which = "Batch 1 is committed" if count == 1 else f"Batches 1 to {count} are committed"
    return f"{which}: {committed[0].first} to {committed[-1].last}."
