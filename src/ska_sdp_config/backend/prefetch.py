"""What is to be read with the first read of a transaction, before its body asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from .keys import Span, key_of_path, spans_of_listing
from .store import Query

__all__ = ["queries_of_prefetch"]


def queries_of_prefetch(prefetch: Iterable[str]) -> Sequence[Query]:
    """Get the queries for paths to prefetch; one that ends with a slash means its children.

    Raises:
        ValueError: one of them is not a path.
    """
    return _queries_of(tuple(prefetch))


# Programs prefetch the same paths again and again.
@lru_cache(64)
def _queries_of(paths: tuple[str, ...]) -> Sequence[Query]:
    queries: list[Query] = []
    for path in paths:
        if path.endswith("/"):
            queries += [Query(span) for span in spans_of_listing(path)]
        else:
            queries.append(Query(Span(key_of_path(path))))
    return tuple(dict.fromkeys(queries))
