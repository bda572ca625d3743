"""Validation and lookup of receive addresses: where the telescope sends its data.

The device publishes what a script wrote, and lists in healthInfo the parts that are invalid.
Unknown keys are ignored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from ska_sdp_config.lmc.schema.check import schema_issues
from ska_sdp_config.lmc.schema.faults import (
    Issue,
    Location,
    Severity,
    format_value,
    list_with_limit,
)
from ska_sdp_config.lmc.schema.types import ABSENT, WHOLE, Function, Schema
from ska_sdp_config.lmc.schema.versions import read_interface

__all__ = ["host_and_port", "read_receive_addresses"]

_MAX_FAULTS = 20
"""Leaves room in healthInfo for other faults."""


def _is_channel(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_port(value: Any) -> bool:
    return _is_channel(value) and 1 <= value <= 65535


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _map_of(entry: str, *parts: Callable[[Any], bool]) -> Callable[[list[Any]], list[Any]]:
    """Return a validator of a channel map: at least one entry, ordered by channel.

    Args:
        entry: form of an entry, for the text of faults.
        parts: predicates for the values after the channel; all but the first are optional.
    """

    def fits(value: Any) -> bool:
        return (
            isinstance(value, list)
            and 2 <= len(value) <= 1 + len(parts)
            and _is_channel(value[0])
            and all(part(item) for part, item in zip(parts, value[1:], strict=False))
        )

    def check(value: list[Any]) -> list[Any]:
        if not value:
            raise PydanticCustomError(WHOLE, "should have an entry at least")
        before = -1
        for index, item in enumerate(value):
            place = {"index": index}
            if not fits(item):
                wanted = f"should have entries {entry}, entry {{index}} is none"
                raise PydanticCustomError(WHOLE, wanted, place)
            if item[0] <= before:
                wanted = "should be in the order of channels, entry {index} is not"
                raise PydanticCustomError(WHOLE, wanted, place)
            before = item[0]
        return value

    return check


_attributes = _map_of("[channel, attribute]", _is_text)


def _calibration(value: Any) -> Any:
    if isinstance(value, list):
        return _attributes(value)
    if not _is_text(value):
        raise PydanticCustomError("attribute", "should be the name of an attribute, or a map")
    return value


_CHANNEL = {"title": "channel", "type": "integer", "minimum": 0}


def _map_schema(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a channel map; it cannot express the order of channels."""
    entry = {
        "type": "array",
        "prefixItems": [_CHANNEL, *parts],
        "minItems": 2,
        "maxItems": 1 + len(parts),
    }
    return {"type": "array", "items": entry, "minItems": 1}


def _text_map_schema(title: str) -> dict[str, Any]:
    return _map_schema({"title": title, "type": "string", "minLength": 1})


HostMap = Annotated[
    list[Any],
    AfterValidator(_map_of("[channel, host]", _is_text)),
    WithJsonSchema(_text_map_schema("host")),
]
MacMap = Annotated[
    list[Any],
    AfterValidator(_map_of("[channel, mac]", _is_text)),
    WithJsonSchema(_text_map_schema("mac")),
]
PortMap = Annotated[
    # Some documents have a fourth number of unknown meaning; it is ignored.
    list[Any],
    AfterValidator(_map_of("[channel, port, increment]", _is_port, _is_channel, _is_number)),
    WithJsonSchema(
        _map_schema(
            {"title": "port", "type": "integer", "minimum": 1, "maximum": 65535},
            {"title": "increment", "type": "integer", "minimum": 0},
            {"title": "ignored", "type": "number"},
        )
    ),
]
Calibration = Annotated[
    Any,
    AfterValidator(_calibration),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, _text_map_schema("attribute")]}),
]


class Addresses(Schema):
    """Addresses of a scan type without beams (schemas up to 0.3)."""

    model_config = ConfigDict(strict=True, extra="ignore")

    host: HostMap = Field(description="host that receives the data, from a channel on")
    port: PortMap = Field(
        description="port of a channel, from which the port grows by the increment per channel"
    )
    mac: MacMap = Field(ABSENT, description="MAC address of the host, from a channel on")


class BeamAddresses(Addresses):
    """Addresses of a beam; calibrations are read from Tango attributes."""

    function: Function = Field(description="use of the data of the beam")
    visibility_beam_id: int = Field(ABSENT, description="number of a visibility beam")
    search_beam_id: int = Field(ABSENT, description="number of a pulsar search beam")
    timing_beam_id: int = Field(ABSENT, description="number of a pulsar timing beam")
    vlbi_beam_id: int = Field(ABSENT, description="number of a VLBI beam")
    delay_cal: Calibration = Field(ABSENT, description="attribute of delays, or one by channel")
    jones_cal: Calibration = Field(ABSENT, description="attribute of Jones matrices, likewise")
    pointing_cal: Calibration = Field(ABSENT, description="attribute of pointings, likewise")


def read_receive_addresses(value: Any) -> tuple[str, ...]:
    """Validate receive addresses, any JSON value.

    Accepted forms: a map of scan types, each with addresses (schemas up to 0.3) or with beams
    (later schemas), and the list of entries with ``scan_type_id`` of earlier libraries.

    Returns:
        One text per fault, ``<JSON path>: <fault>``; above 20, a last line counts the others.
    """
    return list_with_limit(list(_faults(value)), _MAX_FAULTS)


def _faults(value: Any) -> Iterator[Issue]:
    scan_types: dict[Location, Any] = {}
    if isinstance(value, list):
        for index, entry in enumerate(value):
            scan_types[(index,)] = entry
            if isinstance(entry, dict):
                if not _is_text(entry.get("scan_type_id")):
                    yield _fault((index, "scan_type_id"), "should be the id of a scan type")
                scan_types[(index,)] = {k: v for k, v in entry.items() if k != "scan_type_id"}
    elif isinstance(value, dict):
        _, issues = read_interface(value, "recvaddrs")
        yield from (issue for issue in issues if issue.severity is Severity.FATAL)
        scan_types = {(name,): entry for name, entry in value.items() if name != "interface"}
    else:
        yield _fault((), f"should be an object, not {format_value(value)}")
    yield from _scan_type_faults(scan_types)


def _scan_type_faults(scan_types: Mapping[Location, Any]) -> Iterator[Issue]:
    objects = {at: entry for at, entry in scan_types.items() if isinstance(entry, dict)}
    old = {at for at, entry in objects.items() if _is_old(entry)}
    mixed = any(entry and at not in old for at, entry in objects.items())
    for at, entry in scan_types.items():
        if at not in objects:
            yield _fault(at, f"should be an object, not {format_value(entry)}")
        elif at in old:
            if mixed:
                yield _fault(at, "has no beams, where other scan types have")
            yield from schema_issues(Addresses, entry, at=at)
        else:
            for beam_id, beam in entry.items():
                yield from schema_issues(BeamAddresses, beam, at=(*at, beam_id))


def _is_old(entry: Mapping[str, Any]) -> bool:
    """Return whether a scan type has no beams; a beam may itself be named ``host``."""
    return any(isinstance(entry.get(key), list) for key in ("host", "port"))


def _fault(at: Location, fault: str) -> Issue:
    return Issue(at, fault, Severity.FATAL)


def host_and_port(addresses: Mapping[str, Any], channel: int) -> tuple[str, int]:
    """Look up the host and port that receive a channel.

    The addresses are valid ones of a beam, or of a scan type without beams. An entry of a map
    applies from its channel up to the channel of the next entry. The port grows by the increment,
    if there is one, with each channel. A fourth number is ignored.

    Raises:
        LookupError: the channel is below the first of a map.
    """
    host = _entry_of("host", addresses["host"], channel)
    start, port, *increment = _entry_of("port", addresses["port"], channel)
    return host[1], port + (channel - start) * (increment[0] if increment else 0)


def _entry_of(name: str, entries: Sequence[Sequence[Any]], channel: int) -> Sequence[Any]:
    after = bisect_right([entry[0] for entry in entries], channel)
    if after == 0:
        raise LookupError(f"channel {channel} is below the first channel of the {name} map")
    return entries[after - 1]
