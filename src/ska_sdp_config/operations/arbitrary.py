"""JSON at any path."""

from __future__ import annotations

from collections.abc import Iterable

from ..backend.common import check_path
from .context import Context
from .values import ValueCollection, ValueOperations

__all__ = ["Arbitrary"]


class Arbitrary(ValueCollection):
    """JSON values at whole paths: the global prefix does not stand before them.

    Args:
        context: the transaction.
    """

    def __init__(self, context: Context) -> None:
        self._raw = context.raw

    def __call__(self, key: str) -> ValueOperations:
        """Get the operations on the value at one path.

        Raises:
            ValueError: not a path.
        """
        check_path(key)
        return ValueOperations(self._raw, key)

    def list_keys(self, path: str = "/", recurse: int | Iterable[int] = 0) -> list[str]:
        """List paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that begin so.
            recurse: how many levels more, or exactly which ones.

        Raises:
            ValueError: not a path.
        """
        return self._raw.list_keys(path, recurse)
