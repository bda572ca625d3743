"""Known statuses of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from ska_sdp_config.cli.objects import DEPENDENCY, EB, FLOW, PB, SdpObject
from ska_sdp_config.statuses import DependencyStatus, EbStatus, FlowStatus, PbStatus

__all__ = ["KNOWN_STATUSES"]

KNOWN_STATUSES: Mapping[SdpObject, tuple[str, ...]] = {
    PB: get_args(PbStatus),
    EB: get_args(EbStatus),
    FLOW: get_args(FlowStatus),
    DEPENDENCY: get_args(DependencyStatus),
}
"""Known statuses by kind of object. A program may write others."""
