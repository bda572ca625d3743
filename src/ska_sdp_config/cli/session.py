"""Connection of a command to the database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ska_sdp_config.cli.errors import Misconfigured
from ska_sdp_config.cli.interrupts import stop_on_interrupt

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.engine.backend import Backend

__all__ = ["check_connection", "open_backend", "open_config"]

CHECKED = f"{__name__}.checked"
"""Key in the data of the click context: the next opening need not check the connection."""

T = TypeVar("T", bound=AbstractContextManager[Any])


def check_connection() -> None:
    """Fail at once if no server listens, before a command reads its input and imports the models.

    The import of the models takes longer than the check.

    Raises:
        Misconfigured: a setting in the environment is invalid.
        ConfigConnectionError: no server listens.
    """
    with stop_on_interrupt(), _rejecting_settings():
        _check_listening()
    click.get_current_context().meta[CHECKED] = True


def open_backend(
    ctrl_c: AbstractContextManager[Any] | None = None, *, waits: bool = False
) -> AbstractContextManager[Backend]:
    """Open the database for a command that reads and writes keys and texts.

    The import of the entities, which takes as long as a listing, is avoided.

    Args:
        ctrl_c: how to handle Ctrl-C, see :mod:`.interrupts`; None stops the command, which is
            safe for a command that only reads.
        waits: whether the command retries during an outage, which is then logged.

    Raises:
        Misconfigured: a setting in the environment is invalid.
        ConfigConnectionError: no server listens. After the first connection it is retried.
    """

    def make() -> Backend:
        from ska_sdp_config.backends import backend_name, connect

        _check_listening()
        return connect(backend_name())

    return _opened(make, ctrl_c, logging.WARNING if waits else logging.CRITICAL)


def open_config(
    prefix: str, ctrl_c: AbstractContextManager[Any] | None = None
) -> AbstractContextManager[Config]:
    """Open the database for a command that uses entities; see :func:`open_backend`."""

    def make() -> Config:
        _check_listening()
        from ska_sdp_config.config import Config

        return Config(global_prefix=prefix)

    return _opened(make, ctrl_c, logging.CRITICAL)


@contextmanager
def _opened(
    make: Callable[[], T], ctrl_c: AbstractContextManager[Any] | None, log_level: int
) -> Iterator[T]:
    with ctrl_c or stop_on_interrupt():
        # Errors are raised as exceptions, and reported once.
        logging.basicConfig(format="ska-sdp: %(message)s")
        logger = logging.getLogger("ska_sdp_config")
        if logger.level == logging.NOTSET:  # --debug has set it
            logger.setLevel(log_level)
        with _rejecting_settings():
            database = make()
        with database:
            yield database


def _check_listening() -> None:
    """Fail if no server listens, unless ``check_connection`` has checked it for this opening."""
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.pop(CHECKED, False):
        return
    from ska_sdp_config.backends import backend_name, check_reachable

    check_reachable(backend_name())


@contextmanager
def _rejecting_settings() -> Iterator[None]:
    try:
        yield
    except ValueError as exc:
        raise Misconfigured(f"{exc} Try 'ska-sdp -h'.") from exc
