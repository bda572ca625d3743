"""What operations on entities need to know of their transaction."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from ska_sdp_config.engine.transaction import Txn

__all__ = ["Context", "LeaseLike"]


class LeaseLike(Protocol):
    """A lease, as far as operations use it."""

    @property
    def id(self) -> int:
        """What the database calls it."""

    def alive(self) -> bool:
        """Tell whether it was confirmed within its time to live."""


@dataclass(frozen=True, slots=True)
class Context:
    """The transaction that operations work in, and who runs it.

    Attributes:
        raw: the backend's transaction.
        prefix: what stands before the paths of entities.
        owner: this process, as it is stored where it owns something.
        lease: gives the lease by which this process owns what it takes.
        taken: the paths of owner keys that this process took, each with its lease; None if
            nobody keeps count.
    """

    raw: Txn
    prefix: str
    owner: dict[str, Any]
    lease: Callable[[], LeaseLike]
    taken: MutableMapping[str, LeaseLike] | None = None
