"""Requests of processing blocks for an amount of a resource.

The fields are assumed; see docs/reference/assumptions.md.
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
from ska_sdp_config.entity.resource import ResourceLink
from ska_sdp_config.entity.tolerant import Quantity, read_link, write_link

__all__ = ["Request", "RequestLink"]


class Request(Entity):
    """Request of a processing block for an amount of a resource.

    Attributes:
        key: processing block and name.
        resource: key of the resource, stored as its path.
        quantity: the amount, in the unit of the resource.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {"pb_id": KEY_PART, "name": KEY_PART}

    class Key(EntityKey):
        """Key of a request.

        Attributes:
            pb_id: the processing block that needs the resource.
            name: name of the request.
        """

        pb_id: KeyPart
        name: KeyPart

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    # Required of new requests only: other programs may leave them out.
    resource: ResourceLink = Field(default=None, validate_default=True)
    quantity: Quantity = Field(default=None, validate_default=True)


RequestLink = Annotated[
    Request.Key, read_link("/request/", Request.Key), write_link("/request/", Request.Key)
]
"""Key of a request, stored as its path."""
