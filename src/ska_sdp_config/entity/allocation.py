"""Allocations of an amount of a resource to processing blocks.

The fields are assumed, except that an allocation links to its resource and has a quantity; see
docs/reference/assumptions.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from ska_sdp_config.entity.base import (
    KEY_PART,
    Entity,
    EntityKey,
    KeyPart,
)
from ska_sdp_config.entity.request import RequestLink
from ska_sdp_config.entity.resource import ResourceLink
from ska_sdp_config.entity.tolerant import Quantity

__all__ = ["Allocation"]


class Allocation(Entity):
    """Amount of a resource that a processing block may use.

    Attributes:
        key: processing block and name.
        resource: key of the resource, stored as its path.
        request: key of the request that it grants, stored as its path. None for data that nobody
            requested, such as those of an earlier observation.
        quantity: the amount, in the unit of the resource.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {"pb_id": KEY_PART, "name": KEY_PART}

    class Key(EntityKey):
        """Key of an allocation.

        Attributes:
            pb_id: the processing block that may use the resource.
            name: name of the allocation.
        """

        pb_id: KeyPart
        name: KeyPart

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    # Required of new allocations only: other programs may leave them out.
    resource: ResourceLink = Field(default=None, validate_default=True)
    request: RequestLink | None = None
    quantity: Quantity = Field(default=None, validate_default=True)
