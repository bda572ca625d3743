"""What is to be read with the first read of a transaction, before its body asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, key_of_path, spans_of_listing

__all__ = ["queries_of_prefetch"]

FEW = 100
"""So many paths are remembered together: a program may prefetch thousands, others each time."""


def queries_of_prefetch(prefetch: Iterable[str]) -> Sequence[Query]:
    """Get the queries for paths to prefetch; one that ends with a slash means its children.

    Raises:
        ValueError: one of them is not a path.
    """
    paths = tuple(prefetch)
    return _remembered(paths) if len(paths) <= FEW else _queries_of(paths)


def _queries_of(paths: tuple[str, ...]) -> Sequence[Query]:
    queries: list[Query] = []
    for path in paths:
        if path.endswith("/"):
            queries += [Query(span) for span in spans_of_listing(path)]
        else:
            queries.append(Query(Span(key_of_path(path))))
    return tuple(dict.fromkeys(queries))


# Programs prefetch the same paths again and again.
_remembered = lru_cache(64)(_queries_of)
