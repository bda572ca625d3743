"""Context in which operations on entities run: transaction, prefix, owner and lease."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ska_sdp_config.engine.transaction import Txn

__all__ = ["Context", "LeaseLike"]


class LeaseLike(Protocol):
    """Lease, as far as operations use it."""

    @property
    def id(self) -> int:
        """The lease ID."""

    def alive(self) -> bool:
        """Return whether the lease was confirmed within its time to live."""


@dataclass(frozen=True, slots=True)
class Context:
    """Transaction of the operations, and the process that runs it.

    Attributes:
        raw: the backend's transaction.
        prefix: prefix of the paths of entities.
        owner: this process, in its stored form.
        lease: returns the lease of the keys that this process takes.
        taken: the owner keys that this process took, with their leases; None if they are not
            recorded.
        unreadable: paths of invalid values that were logged, with their revisions.
    """

    raw: Txn
    prefix: str
    owner: dict[str, Any]
    lease: Callable[[], LeaseLike]
    taken: MutableMapping[str, LeaseLike] | None = None
    unreadable: MutableMapping[str, int] = field(default_factory=dict)
