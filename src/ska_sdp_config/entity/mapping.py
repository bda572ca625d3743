"""Read access to the fields of a model as to a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

__all__ = ["ReadsAsMapping"]


class ReadsAsMapping(BaseModel, Mapping[str, Any]):
    """Model that can be read like the dict that it was in earlier releases.

    ``model["name"]``, ``model.get("name")``, ``"name" in model`` and ``dict(model)`` work, also
    for extra fields. Assign to attributes to change fields.
    """

    def __getitem__(self, name: str) -> Any:
        if name in type(self).model_fields:
            return getattr(self, name)
        return (self.model_extra or {})[name]

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # names, as a mapping's
        yield from type(self).model_fields
        yield from self.model_extra or ()

    def __len__(self) -> int:
        return len(type(self).model_fields) + len(self.model_extra or ())
