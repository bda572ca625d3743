"""Error isolation between the entities that one loop works on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ska_sdp_config import ConfigConnectionError
from ska_sdp_config.store.interface import LeaseNotFound

__all__ = ["ErrorIsolation"]


class ErrorIsolation:
    """Logs an error of one entity and lets the work on the others continue.

    Args:
        logger: logger that errors are written to.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._logged: dict[str, str] = {}

    @contextmanager
    def isolate(self, name: str) -> Iterator[None]:
        """Log an error instead of raising it, once for as long as it stays the same.

        Args:
            name: ID of the entity that is worked on.

        Raises:
            ConfigConnectionError: the connection failed, which affects all entities.
            LeaseNotFound: the lease has expired, which affects all entities.
        """
        try:
            yield
        except (ConfigConnectionError, LeaseNotFound):
            raise
        except Exception as error:  # documents edited by hand can make anything fail
            text = f"{type(error).__name__}: {error}"
            if self._logged.get(name) == text:
                return
            self._logged[name] = text
            if isinstance(error, ValueError):
                self._logger.warning("Skipped %s: %s", name, error)
            else:
                self._logger.exception("Skipped %s after an unexpected error.", name)

    def clear(self, name: str) -> None:
        """Forget the last error of an entity, so that the next one is logged.

        Args:
            name: ID of the entity.
        """
        self._logged.pop(name, None)
