"""Files for the archiver and the alarm handler of a running stack, as an operator writes them."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

import tango
import yaml

from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.programs import clean_environment

_PROGRAM = Path(sysconfig.get_path("scripts")) / "ska-sdp-lmc"
_RULE = re.compile(
    r'tag=(?P<tag>\w+);formula=\((?P<formula>[^;]+)\);message="(?P<message>[^"]+)";'
    r"group=gr_all;priority=(?P<priority>highest|high)"
)
_COMPARISON = re.compile(r"(?P<device>tango://.+)/(?P<attribute>\w+) == (?P<number>\d+)")

Attributes = dict[str, list[str]]
"""Names of attributes by device."""


class Comparison(NamedTuple):
    """Part of an alarm's formula."""

    device: str
    attribute: str
    number: int

    def label(self) -> str:
        """Return the name that the device has for the number."""
        labels = tango.DeviceProxy(self.device).get_attribute_config(self.attribute).enum_labels
        if self.attribute == "state":
            return str(tango.DevState.values[self.number])
        return str(labels[self.number])

    def holds(self) -> bool:
        value = tango.DeviceProxy(self.device).read_attribute(self.attribute).value
        return int(value) == self.number


class AlarmRule(NamedTuple):
    """A line of the alarm rules."""

    tag: str
    message: str
    comparisons: list[Comparison]

    def is_true(self) -> bool:
        return any(each.holds() for each in self.comparisons)


def attributes_of_form_1(stack: LocalStack) -> Attributes:
    """Return the attributes of all devices of each class, as the Tango database has them."""
    document = yaml.safe_load(_run(stack, "archiving", "--form", "1"))
    assert document["db"] == stack.tango_db.tango_host
    database = stack.tango_db.connect()
    return {
        device: list(each["attributes"])
        for each in document["configuration"]
        for device in database.get_device_exported_for_class(each["class"])
    }


def attributes_of_form_2(stack: LocalStack) -> Attributes:
    """Return the attributes of each device."""
    document = yaml.safe_load(_run(stack, "archiving", "--form", "2"))
    (host,) = document["tango_hosts"]
    assert "{host}:{port}".format(**host["th1"]) == stack.tango_db.tango_host
    found: Attributes = {}
    for each in document["attributes"]:
        device, _, name = each["trl"].rpartition("/")
        found.setdefault(device, []).append(name)
    return found


def alarm_rules(stack: LocalStack) -> list[AlarmRule]:
    return [_parse_rule(line) for line in _run(stack, "alarm-rules").splitlines()]


def _parse_rule(line: str) -> AlarmRule:
    found = _RULE.fullmatch(line)
    assert found, line
    comparisons = []
    for text in found["formula"].split(" || "):
        parts = _COMPARISON.fullmatch(text)
        assert parts, text
        comparison = Comparison(parts["device"], parts["attribute"], int(parts["number"]))
        comparisons.append(comparison)
    return AlarmRule(found["tag"], found["message"], comparisons)


def _run(stack: LocalStack, *arguments: str) -> str:
    """Run the program for the devices of a stack, at its TANGO_HOST."""
    layout = stack.layout
    options = ["--prefix", layout.prefix, "--subarrays", str(layout.subarrays)]
    done = subprocess.run(
        [_PROGRAM, *arguments, *options],
        capture_output=True,
        text=True,
        timeout=120,
        env=clean_environment(**stack.environment),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
