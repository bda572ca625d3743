"""Definition of the system: ``/system``."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ska_sdp_config.entity.base import faults
from ska_sdp_config.entity.codec import decode
from ska_sdp_config.entity.system import System
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.entry import EntryOperations

__all__ = ["SystemOperations"]


class SystemOperations(EntryOperations):
    """Operations on the definition of the system."""

    PATH = "/system"

    def __init__(self, context: Context) -> None:
        super().__init__(context, context.prefix + self.PATH)

    def get(self) -> System | None:
        """Return the definition, or None if it does not exist.

        Raises:
            ValueError: the stored value is not a JSON object.
        """
        text = self._raw.get(self.path)
        return None if text is None else self._read(decode(text, self.path))

    def create(self, value: System | dict[str, Any]) -> None:
        """Create the definition.

        Raises:
            ConfigCollision: it exists already.
            ValueError: the value is not a JSON object.
        """
        super().create(self._read(value))

    def update(self, value: System | dict[str, Any]) -> None:
        """Replace the definition.

        Raises:
            ConfigVanished: it does not exist.
            ValueError: the value is not a JSON object.
        """
        super().update(self._read(value))

    def create_or_update(self, value: System | dict[str, Any]) -> None:
        """Create or replace the definition.

        Raises:
            ValueError: the value is not a JSON object.
        """
        super().create_or_update(value)

    def _read(self, value: Any) -> System:
        try:
            return System.model_validate(value)
        except ValidationError as error:
            raise ValueError(f"The value of {self.path} is no System: {faults(error)}") from error
