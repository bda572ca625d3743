"""Resources that processing blocks share, such as the storage of the capacity buffer.

The fields and the names of the amounts are assumed; see docs/reference/assumptions.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator, Field

from ska_sdp_config.entity.base import (
    KEY_PART,
    Entity,
    EntityKey,
    KeyPart,
)
from ska_sdp_config.entity.tolerant import AnyDict, Quantity, Text, read_link, write_link

__all__ = ["AVAILABLE_NAMES", "Resource", "ResourceLink", "read_available"]

AVAILABLE_NAMES = ("available_mb", "available", "free", "free_mb")
"""Names under which the available amount of a resource is read, in MB."""

KeyT = TypeVar("KeyT", bound="Resource.Key")


class Resource(Entity):
    """Resource of which processing blocks request an amount.

    Attributes:
        key: kind and name.
        quantity: the amount that the resource was created with, None if it is not known.
        unit: unit of the quantity, such as ``MB``.
        parameters: parameters of the resource.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {"kind": KEY_PART, "name": KEY_PART}

    class Key(EntityKey):
        """Key of a resource. A path of one part is that of a resource without a kind.

        Attributes:
            kind: kind of the resource, such as ``storage``, or None.
            name: name of the resource.
        """

        kind: KeyPart | None = None
        name: KeyPart

        def __str__(self) -> str:
            return self.name if self.kind is None else f"{self.kind}:{self.name}"

        @classmethod
        def from_text(cls: type[KeyT], text: str, *, stored: bool = False) -> KeyT:
            """Create a key from ``kind:name``, or from a name alone; see EntityKey.

            Raises:
                ValueError: the text has more parts, or a part is invalid.
            """
            if ":" in text:
                return super().from_text(text, stored=stored)
            return cls.of_existing({"name": text}) if stored else cls(name=text)

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    quantity: Quantity | None = None
    unit: Text | None = None
    parameters: AnyDict = Field(default_factory=dict)


ResourceLink = Annotated[
    Resource.Key, read_link("/resource/", Resource.Key), write_link("/resource/", Resource.Key)
]
"""Key of a resource, stored as its path."""


def read_available(documents: Iterable[Any]) -> int | float | None:
    """Return the available amount of a resource in MB, None if no document has it.

    Args:
        documents: its state and its entity, in the order of preference. Values of other types
            than expected are skipped.
    """
    for document in documents:
        if not isinstance(document, Mapping):
            continue
        for name in AVAILABLE_NAMES:
            amount: Any = document.get(name)
            if _is_amount(amount):
                return amount  # type: ignore[no-any-return]
    return None


def _is_amount(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
