"""Rules for the alarm handler, one a line.

The alarm handler is another project. Keep all knowledge of its format in this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import tango

from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_lmc.ops.archiving.tango_host import TangoHost
from ska_sdp_lmc.ops.tango_db.data import Registration

__all__ = ["RULES", "Rule", "alarm_rules"]

_GROUP = "gr_all"


@dataclass(frozen=True, slots=True)
class Rule:
    """Alarm while an attribute has one of some values.

    Attributes:
        attribute: name of the attribute, as the device has it.
        values: members of its enumeration.
        priority: ``highest`` or ``high``.
    """

    attribute: str
    values: tuple[tango.DevState | HealthState | ObsState, ...]
    priority: str

    def to_line(self, host: TangoHost, device: str) -> str:
        """Return the rule for a device, without line end."""
        names = [value.name for value in self.values]
        tag = "_".join([re.sub(r"\W", "_", device), self.attribute, "_or_".join(names)]).lower()
        trl = f"tango://{host}/{device}/{self.attribute}".lower()
        formula = " || ".join(f"{trl} == {int(value)}" for value in self.values)
        message = f"{device}: {self.attribute} is {' or '.join(names)}"
        return (
            f'tag={tag};formula=({formula});message="{message}";'
            f"group={_GROUP};priority={self.priority}"
        )


RULES: Mapping[str, tuple[Rule, ...]] = {
    "SDPController": (
        Rule("State", (tango.DevState.ALARM,), "highest"),
        Rule("State", (tango.DevState.UNKNOWN,), "high"),
        Rule("healthState", (HealthState.FAILED,), "highest"),
        Rule("healthState", (HealthState.DEGRADED, HealthState.UNKNOWN), "high"),
    ),
    "SDPSubarray": (Rule("obsState", (ObsState.FAULT,), "highest"),),
}
"""Rules of each device class, as one site has them."""


def alarm_rules(host: TangoHost, devices: Iterable[Registration]) -> Iterator[str]:
    """Yield the rules of all devices, each a line without line end."""
    for device in devices:
        for rule in RULES[device.class_name]:
            yield rule.to_line(host, device.device)
