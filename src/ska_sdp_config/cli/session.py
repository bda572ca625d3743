"""Connection of a command to the database."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli.errors import Misconfigured
from ska_sdp_config.cli.interrupts import stop_on_interrupt

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.engine.backend import Backend

__all__ = ["open_backend", "open_config"]


@contextmanager
def open_backend(ctrl_c: AbstractContextManager[Any] | None = None) -> Iterator[Backend]:
    """Open the database for a command that reads and writes keys and texts.

    The import of the entities, which takes as long as a listing, is avoided.

    Args:
        ctrl_c: how to handle Ctrl-C, see :mod:`.interrupts`; None stops the command, which is
            safe for those that only read.

    Raises:
        Misconfigured: a setting in the environment is invalid.
    """
    with ctrl_c or stop_on_interrupt():
        from ska_sdp_config.backends import connect

        _set_log_level(logging.CRITICAL)
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
    """Open the database for a command that uses entities or watches.

    Args:
        prefix: the global prefix.
        ctrl_c: as for :func:`open_backend`.
        waits: whether the command retries during an outage, which is then logged.

    Raises:
        Misconfigured: a setting in the environment is invalid.
    """
    with ctrl_c or stop_on_interrupt():
        from ska_sdp_config.config import Config

        _set_log_level(logging.WARNING if waits else logging.CRITICAL)
        try:
            config = Config(global_prefix=prefix)
        except ValueError as exc:
            raise Misconfigured(f"{exc} Try 'ska-sdp -h'.") from exc
        with config:
            yield config


def _set_log_level(level: int) -> None:
    """Limit the log of the library: errors are raised as exceptions, and reported once."""
    logging.basicConfig(format="ska-sdp: %(message)s")
    logger = logging.getLogger("ska_sdp_config")
    if logger.level == logging.NOTSET:  # --debug has set it
        logger.setLevel(level)
