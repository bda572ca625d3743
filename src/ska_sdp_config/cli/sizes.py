"""Whether texts have room in a transaction, which only the server knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import TransactionTooLarge
from ska_sdp_config.store.interface import KeyAt, Put, Query
from ska_sdp_config.store.keys import Span, key_of_path

if TYPE_CHECKING:
    from ska_sdp_config.config import Config

__all__ = ["check_sizes"]

LARGE = 2**16
"""So many characters may be too large for one transaction, on whatever server."""

NEVER = -1
"""A revision at which nothing was ever written."""


def check_sizes(config: Config, texts: Mapping[str, str | None]) -> None:
    """Check that no text is too large for a transaction of its own; nothing is written.

    Only the server knows its bound. So it is asked to write the largest on a condition that
    does not hold: whatever is too large, it refuses before it looks at conditions.

    Raises:
        Failed: some are; names them.
    """
    backend = config.backend
    sizes = {path: len(text) for path, text in texts.items() if text and len(text) >= LARGE}
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
