"""Externally managed resources in AssignResources and ReleaseResources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ska_sdp_lmc.messages.internal import Resources

__all__ = ["resources"]


def resources(given: Mapping[str, Any]) -> Resources:
    """Convert the validated ``resources`` of a message to the internal form."""
    extra = dict(given)
    csp_links, receptors = extra.pop("csp_links", None), extra.pop("receptors", None)
    return Resources(
        csp_links=None if csp_links is None else tuple(dict.fromkeys(csp_links)),
        receptors=None if receptors is None else tuple(dict.fromkeys(receptors)),
        receive_nodes=extra.pop("receive_nodes", None),
        extra=extra,
    )
