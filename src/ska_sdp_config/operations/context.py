"""What operations on entities need to know of their transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Context", "LeaseLike", "RawTransaction"]


class RawTransaction(Protocol):
    """A transaction of a backend: whole paths, and text as it is stored."""

    @property
    def revision(self) -> int:
        """The revision that every read of this transaction is of."""

    def get(self, path: str) -> str | None:
        """Get the text at a path, or None."""

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Get the texts at several paths in one round trip."""

    def list_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """List the paths that begin so, sorted."""

    def peek_keys(self, path: str) -> list[str]:
        """List the paths that begin so, without guarding the list."""

    def list_values(self, path: str, recurse: int | Iterable[int] = 0) -> list[tuple[str, str]]:
        """List the paths that begin so with their texts, in one round trip."""

    def create(self, path: str, value: str, lease: int = 0) -> None:
        """Create a path, under the lease of that id if it is not 0."""

    def update(self, path: str, value: str) -> None:
        """Change the text at a path."""

    def delete(self, path: str, must_exist: bool = True, recursive: bool = False) -> None:
        """Delete a path."""


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

    raw: RawTransaction
    prefix: str
    owner: dict[str, Any]
    lease: Callable[[], LeaseLike]
    taken: MutableMapping[str, LeaseLike] | None = None
