"""Requests for resources, ``/request/<pb_id>:<name>``."""

from __future__ import annotations

from ska_sdp_config.entity.request import Request
from ska_sdp_config.operations.keyed import KeyCollection

__all__ = ["Requests"]


class Requests(KeyCollection[Request.Key, Request]):
    """Requests for resources in a transaction."""

    PREFIX = "/request"
    KEY_PARTS = Request.key_patterns()
    MODEL_CLASS = Request
    KEY_CLASS = Request.Key
