"""Writing many keys: in one transaction when it fits, else in batches (spec 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..backend.common import TransactionTooLarge
from ..entity.codec import decode, encode
from .errors import Failed, Unfinished
from .interrupts import deferred

if TYPE_CHECKING:
    from ..config import Config

__all__ = ["Batch", "Step", "plan", "write"]


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
        steps: what it did; nothing to keys that others had brought there meanwhile.
        is_all: whether nothing was left for other batches.
    """

    first: str
    last: str
    steps: list[Step]
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
    wanted: Mapping[str, str | None],
    *,
    atomic: bool,
    written: Callable[[Batch], None],
) -> None:
    """Bring keys to the values that are wanted.

    All in one transaction; when the server takes no such large one, in several, each as large
    as it takes. Every transaction looks again at what its keys hold.

    Args:
        config: the database.
        wanted: the texts that there shall be, None for none.
        atomic: whether to refuse rather than to use several transactions.
        written: is told of each transaction when it stands.

    Raises:
        Failed: it does not fit one transaction, and is to; nothing was written.
        Unfinished: it stopped between two batches; says which stand.
    """
    paths = list(wanted)
    size = len(paths)
    stands: list[Batch] = []
    try:
        # Stopped in mid commit, it would not be known whether that batch stands.
        with deferred() as stop_if_asked:
            while paths:
                stop_if_asked()
                some = paths[:size]
                try:
                    steps = _transact(config, {path: wanted[path] for path in some})
                except TransactionTooLarge as exc:
                    if atomic:
                        raise Failed(f"{exc} Without --atomic it is split for you.") from exc
                    if len(some) == 1:
                        raise
                    size = (len(some) + 1) // 2
                    continue
                stands.append(Batch(some[0], some[-1], steps, len(some) == len(wanted)))
                paths = paths[size:]
                written(stands[-1])
    except BaseException as exc:  # Ctrl-C too: whatever stops it, what stands must be said
        if not stands:
            raise
        raise Unfinished(_sentence(stands)) from exc


def _transact(config: Config, wanted: Mapping[str, str | None]) -> list[Step]:
    steps: list[Step] = []
    for txn in config.txn(prefetch=wanted):
        steps = list(plan(txn.get_many(wanted), wanted))
        for step in steps:
            if step.verb == "create":
                txn.create(step.path, step.text)
            elif step.verb == "update":
                txn.update(step.path, step.text)
            else:
                txn.delete(step.path)
    return steps


def _sentence(stands: Sequence[Batch]) -> str:
    which = "Batch 1 stands" if len(stands) == 1 else f"Batches 1 to {len(stands)} stand"
    return f"{which}: {stands[0].first} to {stands[-1].last}."
