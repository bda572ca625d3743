"""Device data in the JSON format of dsconfig: reading, validation and expansion.

Format: ``{"servers": {server: {instance: {class: {device: entry}}}}}`` with the entry
``{"properties": {name: [text]}, "attribute_properties": {attribute: {name: [text]}}}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PACKAGED = Path(__file__).with_name("devices.json")
SUBARRAY_SERVER = "SDPSubarray"
MAX_SUBARRAYS = 99
_MODEL = "01"
_DOMAIN_END = "-sdp"
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

Properties = dict[str, list[str]]
Classes = dict[str, dict[str, "DeviceEntry"]]
Instances = dict[str, Classes]


class DataError(ValueError):
    """Invalid device data; the text gives the part and the reason."""


class DeviceEntry(BaseModel):
    """Entry of one device; the values of a property are a list of strings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    properties: Properties = Field(default_factory=dict)
    attribute_properties: dict[str, Properties] = Field(default_factory=dict)


class DeviceData(BaseModel):
    """Content of a data file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    servers: dict[str, Instances]

    def devices(self) -> Iterator[Registration]:
        """Yield all devices, in the order of the data."""
        for server, instances in self.servers.items():
            for instance, classes in instances.items():
                for class_name, devices in classes.items():
                    for name, entry in devices.items():
                        yield Registration(
                            f"{server}/{instance}",
                            class_name,
                            name,
                            entry.properties,
                            entry.attribute_properties,
                        )


@dataclass(frozen=True)
class Registration:
    """Entry of one device in the Tango database."""

    server: str
    class_name: str
    device: str
    properties: Properties
    attribute_properties: dict[str, Properties] = field(default_factory=dict)


def read(path: Path = PACKAGED) -> DeviceData:
    """Read a data file.

    Raises:
        DataError: the file is unreadable or invalid; lists every fault.
    """
    try:
        return DeviceData.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise DataError(f"{path} is not device data: {faults}") from error


def expand(
    data: DeviceData, *, subarrays: int | None = None, prefix: str | None = None
) -> DeviceData:
    """Adapt device data to a number of subarrays and a prefix of the device names.

    Args:
        data: data whose devices are named ``<prefix>-sdp/…``.
        subarrays: number of subarrays; None keeps those of the data. Missing ones are copies of
            ``SDPSubarray/01``, each in a server of its own.
        prefix: text before ``-sdp`` in each name; None keeps the names.

    Raises:
        DataError: an invalid number, prefix or device name, or no subarray 01 to copy.
    """
    servers = dict(data.servers)
    if subarrays is not None:
        servers[SUBARRAY_SERVER] = _subarrays(servers.get(SUBARRAY_SERVER, {}), subarrays)
    expanded = DeviceData(servers=servers)
    return expanded if prefix is None else _renamed(expanded, prefix)


def _subarrays(instances: Instances, count: int) -> Instances:
    if not 1 <= count <= MAX_SUBARRAYS:
        raise DataError(f"there can be 1 to {MAX_SUBARRAYS} subarrays, not {count}")
    if _MODEL not in instances:
        raise DataError(
            f"the data have no {SUBARRAY_SERVER}/{_MODEL} to copy for other subarrays: add it"
        )
    wanted = [f"{number:02d}" for number in range(1, count + 1)]
    return {
        instance: instances.get(instance) or _like_model(instances[_MODEL], instance)
        for instance in wanted
    }


def _like_model(model: Classes, instance: str) -> Classes:
    return {
        class_name: {
            f"{name.rpartition('/')[0]}/{instance}": entry.model_copy(deep=True)
            for name, entry in devices.items()
        }
        for class_name, devices in model.items()
    }


def _renamed(data: DeviceData, prefix: str) -> DeviceData:
    if not _PREFIX.fullmatch(prefix):
        raise DataError(
            f"prefix {prefix!r} is invalid in a device name: use letters, digits, '_' and '-'"
        )

    def rename(name: str) -> str:
        domain, _, rest = name.partition("/")
        if not domain.endswith(_DOMAIN_END):
            raise DataError(f"device name {name} does not begin with <prefix>{_DOMAIN_END}/")
        return f"{prefix}{_DOMAIN_END}/{rest}"

    return DeviceData(
        servers={
            server: {
                instance: {
                    class_name: {rename(name): entry for name, entry in devices.items()}
                    for class_name, devices in classes.items()
                }
                for instance, classes in instances.items()
            }
            for server, instances in data.servers.items()
        }
    )
