"""Keeps what fails for one entity from ending the work on all others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ska_sdp_config import ConfigConnectionError
from ska_sdp_config.store.interface import LeaseNotFound

__all__ = ["Shield"]


class Shield:
    """Logs what fails for an entity, and leaves that entity alone.

    Args:
        logger: where it is logged.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._said: dict[str, str] = {}

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        """Bear whatever fails within, and say it once for as long as it stays the same.

        Args:
            name: id of the entity that is worked on.

        Raises:
            ConfigConnectionError: the database does not answer, which concerns all alike.
            LeaseNotFound: the lease to own by is lost, which does too.
        """
        try:
            yield
        except (ConfigConnectionError, LeaseNotFound):
            raise
        except Exception as error:  # documents edited by hand can make anything fail
            text = f"{type(error).__name__}: {error}"
            if self._said.get(name) == text:
                return
            self._said[name] = text
            if isinstance(error, ValueError):
                self._logger.warning("%s is left alone: %s", name, error)
            else:
                self._logger.exception("%s is left alone, as work on it failed.", name)

    def lift(self, name: str) -> None:
        """Take note that work on an entity has succeeded: what fails next is said again.

        Args:
            name: id of the entity.
        """
        self._said.pop(name, None)
