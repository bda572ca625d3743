"""Errors that scripts record in the state of their processing block.

Assumption: scripts of the deployed SDP record them in ``error_messages``. The name and the form
are not documented, so a string, a list and an object are read, in any combination.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ska_sdp_config.lmc.states import Json

__all__ = ["error_texts"]

_FIELD = "error_messages"

_MAX_DEPTH = 10
"""Depth to which nested values are read. A deeper one could exceed Python's stack."""

_MAX_TEXTS = 100
"""Number of texts to show. A script may record one for each chunk of its data."""


def error_texts(state: Json) -> list[str]:
    """Return each text of the errors in a processing block's state, without repetitions.

    The texts of an object are preceded by their keys. Of many, the last are returned, and the
    number of the earlier ones.
    """
    texts = list(dict.fromkeys(_texts(state.get(_FIELD), _MAX_DEPTH)))
    earlier = len(texts) - _MAX_TEXTS
    return texts if earlier <= 0 else [*texts[-_MAX_TEXTS:], f"and {earlier} earlier"]


def _texts(value: Any, depth: int) -> Iterator[str]:
    if value is None or value == "":
        return
    if depth == 0:
        yield "(nested too deeply)"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (f"{key}: {text}" for text in _texts(inner, depth - 1))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth - 1)
    else:
        yield value if isinstance(value, str) else json.dumps(value)
