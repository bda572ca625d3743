"""Writing many keys: in one transaction when it fits, else in batches (spec 3)."""

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

MANY = 100
"""So many keys are rather read with the whole of what they are in."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What keys shall hold.

    Attributes:
        root: what their paths begin with.
        texts: the texts that there shall be, None for none.
        levels: how many levels below the root they are on.
        is_surplus: tells of another path of these levels whether it shall go; None if all stay.
    """

    root: str
    texts: Mapping[str, str | None]
    levels: int = 0
    is_surplus: Callable[[str], bool] | None = None

    def read(self, txn: Txn) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """Get the texts that there are of what is wanted, and the texts that there shall be."""
        wanted = dict(self.texts)
        if self.is_surplus is not None:
            found = txn.list_keys(self.root, self.levels)
            surplus = [path for path in found if path not in wanted and self.is_surplus(path)]
            wanted |= dict.fromkeys(surplus)
        elif not 0 < len(wanted) <= MANY:
            # Also for nothing: it is to be said if the database does not answer.
            txn.peek_keys(self.root, self.levels)
        return txn.get_many(wanted), wanted


class Step(NamedTuple):
    """What is to be done to a key.

    Attributes:
        verb: ``create``, ``update`` or ``delete``.
        path: the path of the key.
        text: what is to be stored, nothing for a delete.
    """

    verb: str
    path: str
    text: str = ""


class Batch(NamedTuple):
    """What one transaction did.

    Attributes:
        first: the first path that it dealt with.
        last: the last one.
        steps: what it did.
        unchanged: how many keys had what is wanted already.
        is_all: whether nothing was left for other batches.
    """

    first: str
    last: str
    steps: list[Step]
    unchanged: int
    is_all: bool


def plan(stored: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> Iterator[Step]:
    """Get what is to be done.

    Args:
        stored: the texts that there are; None, like a path left out, for none.
        wanted: the texts, as the library writes them, that there shall be; None for none.

    Yields:
        Steps in the order of ``wanted``; none for a value that is stored already, however its
        JSON is laid out.
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
    written: Callable[[Batch], None],
    stop_if_asked: Callable[[], None] = lambda: None,
) -> None:
    """Bring keys to what they shall hold.

    What there is is read in the transaction that writes, so that all of it is so when that
    stands. When the server takes no such large one, what has to be changed is written alone,
    and if need be in several, each as large as it takes; every one looks again at what its keys
    hold.

    Args:
        config: the database.
        goal: what they shall hold.
        atomic: whether to refuse rather than to use several transactions.
        written: is told of each transaction when it stands.
        stop_if_asked: is called before each; raises what shall stop it there.

    Raises:
        Failed: it does not fit one transaction, and is to, or a text of it fits none; nothing
            was written.
        Unfinished: it stopped between two batches; says which stand.
    """
    steps: list[Step] = []
    wanted: dict[str, str | None] = {}
    try:
        for txn in config.txn(prefetch=[] if len(goal.texts) > MANY else goal.texts):
            stored, wanted = goal.read(txn.raw)
            steps = list(plan(stored, wanted))
            stop_if_asked()
            _do(txn.raw, steps)
    except TransactionTooLarge as exc:
        todo = {step.path: wanted[step.path] for step in steps}
        check_sizes(config, todo)
        _write_in_batches(config, todo, len(wanted), exc, atomic, written, stop_if_asked)
    else:
        written(Batch(*_ends(wanted), steps, len(wanted) - len(steps), True))


def _write_in_batches(
    config: Config,
    todo: Mapping[str, str | None],
    count: int,
    reason: TransactionTooLarge,
    atomic: bool,
    written: Callable[[Batch], None],
    stop_if_asked: Callable[[], None],
) -> None:
    """Write what has to be changed of so many keys, which together were too many."""
    paths = list(todo)
    unchanged = count - len(todo)
    # At first all of it: what need not be changed may be what was too much.
    size = len(paths)
    stands: list[Batch] = []
    try:
        while paths:
            stop_if_asked()
            if atomic:
                _check_not_split(size < len(todo), reason)
            some = {path: todo[path] for path in paths[:size]}
            steps: list[Step] = []
            try:
                for txn in config.txn(prefetch=some):
                    steps = list(plan(txn.get_many(some), some))
                    _do(txn.raw, steps)
            except TransactionTooLarge:
                if len(some) == 1:
                    raise
                size = (len(some) + 1) // 2
                continue
            unchanged += len(some) - len(steps)
            stands.append(Batch(*_ends(some), steps, unchanged, len(some) == len(todo)))
            unchanged = 0
            paths = paths[size:]
            written(stands[-1])
    except BaseException as exc:  # Ctrl-C too: whatever stops it, what stands must be said
        if not stands:
            raise
        raise Unfinished(_sentence(stands)) from exc


def _check_not_split(is_split: bool, reason: TransactionTooLarge) -> None:
    if is_split:
        raise Failed(f"{reason} Without --atomic it is split for you.") from reason


def _do(txn: Txn, steps: Iterable[Step]) -> None:
    for step in steps:
        if step.verb == "create":
            txn.create(step.path, step.text)
        elif step.verb == "update":
            txn.update(step.path, step.text)
        else:
            txn.delete(step.path)


def _ends(paths: Iterable[str]) -> tuple[str, str]:
    """Get the first and the last, nothing twice if there is none."""
    first, *rest = [*paths] or [""]
    return first, (rest or [first])[-1]


def _sentence(stands: Sequence[Batch]) -> str:
    which = "Batch 1 stands" if len(stands) == 1 else f"Batches 1 to {len(stands)} stand"
    return f"{which}: {stands[0].first} to {stands[-1].last}."
