"""Settings of the model: timeouts and names set by the operator."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["SubarraySettings"]


@dataclass(frozen=True, slots=True)
class SubarraySettings:
    """Settings that the subarray's states depend on.

    Attributes:
        timeout_assign_resources: timeout of RESOURCING and RESETTING in s, 0 for none.
        timeout_configure: timeout of CONFIGURING in s, 0 for none.
        required_components: components without which no processing block is accepted.
        receive_scripts: names of the scripts that provide receive addresses.
    """

    timeout_assign_resources: float = 60.0
    timeout_configure: float = 60.0
    required_components: tuple[str, ...] = ("proccontrol", "helmdeploy")
    receive_scripts: re.Pattern[str] = field(default_factory=lambda: re.compile("receive"))
