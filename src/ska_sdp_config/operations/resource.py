"""Resources, ``/resource/<kind>:<name>`` or ``/resource/<name>``."""

from __future__ import annotations

from collections.abc import Callable

from ska_sdp_config.entity.resource import Resource
from ska_sdp_config.operations.keyed import KeyCollection

__all__ = ["Resources"]


class Resources(KeyCollection[Resource.Key, Resource]):
    """Resources of a transaction.

    A name that is requested without a kind matches resources of all kinds, and that without one.
    """

    PREFIX = "/resource"
    KEY_PARTS = Resource.key_patterns()
    HAS_STATE = True
    MODEL_CLASS = Resource
    KEY_CLASS = Resource.Key

    def _checked(self, key: Resource.Key) -> str:
        if key.kind is not None:
            return super()._checked(key)
        # The name must not be read as a kind and a name.
        super()._checked(Resource.Key.of_existing({"kind": "none", "name": key.name}))
        return key.name

    def _select(self, parts: dict[str, str]) -> tuple[str, Callable[[str], bool] | None]:
        prefix, matches = super()._select(parts)
        if matches is None or "kind" in parts:
            return prefix, matches
        name, has_kind = parts["name"], matches
        return prefix, lambda found: found == name or has_kind(found)
