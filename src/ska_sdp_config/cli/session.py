"""The connection of a command to the database, opened when the command has been parsed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import Misconfigured

if TYPE_CHECKING:
    from ..backend.backend import Backend
    from ..config import Config

__all__ = ["open_backend", "open_config"]


@contextmanager
def open_backend() -> Iterator[Backend]:
    """Open the database for a command that deals in keys and texts.

    It spares such a command the loading of the entities, which takes as long as a listing.

    Raises:
        Misconfigured: the environment does not say where the database is.
    """
    from ..backend import connect

    _hush(logging.CRITICAL)
    try:
        backend = connect(os.environ.get("SDP_CONFIG_BACKEND") or "etcd3")
    except ValueError as exc:
        raise Misconfigured(f"{exc} Try 'ska-sdp -h'.") from exc
    with backend:
        yield backend


@contextmanager
def open_config(prefix: str, *, waits: bool = False) -> Iterator[Config]:
    """Open the database for a command that deals in entities, or watches.

    Args:
        prefix: what stands before the paths of entities.
        waits: whether the command waits for a database that is gone, and the user is to be
            told that it does.

    Raises:
        Misconfigured: the environment does not say where the database is.
    """
    from ..config import Config

    _hush(logging.WARNING if waits else logging.CRITICAL)
    try:
        config = Config(global_prefix=prefix)
    except ValueError as exc:
        raise Misconfigured(f"{exc} Try 'ska-sdp -h'.") from exc
    with config:
        yield config


def _hush(level: int) -> None:
    """Let the library say only so much: errors come as exceptions, and are told once."""
    logging.basicConfig(format="ska-sdp: %(message)s")
    logger = logging.getLogger("ska_sdp_config")
    if logger.level == logging.NOTSET:  # --debug has set it
        logger.setLevel(level)
