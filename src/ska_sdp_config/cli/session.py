"""The connection of a command to the database, opened when the command has been parsed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli.errors import Misconfigured
from ska_sdp_config.cli.interrupts import stopping

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.engine.backend import Backend

__all__ = ["open_backend", "open_config"]


@contextmanager
def open_backend(ctrl_c: AbstractContextManager[Any] | None = None) -> Iterator[Backend]:
    """Open the database for a command that deals in keys and texts.

    It spares such a command the loading of the entities, which takes as long as a listing.

    Args:
        ctrl_c: what becomes of Ctrl-C while it is open, see :mod:`.interrupts`; None stops the
            command, as those may be that only read.

    Raises:
        Misconfigured: the environment does not say where the database is.
    """
    with ctrl_c or stopping():
        from ska_sdp_config.backends import connect

        _hush(logging.CRITICAL)
        try:
            backend = connect(os.environ.get("SDP_CONFIG_BACKEND") or "etcd3")
        except ValueError as exc:
            raise Misconfigured(f"{exc} Try 'ska-sdp -h'.") from exc
        with backend:
            yield backend


@contextmanager
def open_config(
    prefix: str, ctrl_c: AbstractContextManager[Any] | None = None, *, waits: bool = False
) -> Iterator[Config]:
    """Open the database for a command that deals in entities, or watches.

    Args:
        prefix: what stands before the paths of entities.
        ctrl_c: as for :func:`open_backend`.
        waits: whether the command waits for a database that is gone, and the user is to be
            told that it does.

    Raises:
        Misconfigured: the environment does not say where the database is.
    """
    with ctrl_c or stopping():
        from ska_sdp_config.config import Config

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
