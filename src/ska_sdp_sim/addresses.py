"""Receive addresses: the host and port for each channel of the correlator.

The channels of a scan type are split into ranges, one per correlator link or per share of a
receive node. Each range is sent to one host and consecutive ports. Scan types are observed one
after the other, so they use the same hosts and ports; the beams of one scan type are observed
together and share none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from ska_sdp_sim.parameters import format_errors

FIRST_PORT = 9000
LAST_PORT = 65535

MAX_MAP_ENTRIES = 100_000
"""Limit of the entries in all host and port maps of one call.

A small message can request any number of them. Up to this limit they take less than a second in
the loop that all processing blocks share, and several megabytes, which exceeds etcd's default
limit of a request.
"""

_PORTS = LAST_PORT - FIRST_PORT + 1
_BEAM_NUMBERS = ("visibility_beam_id", "search_beam_id", "timing_beam_id", "vlbi_beam_id")


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


def _empty_if_none(value: object) -> object:
    return [] if value is None else value


def _pairs(value: object) -> object:
    # JSON has no tuples, and strict models reject lists in their place.
    if isinstance(value, list):
        return [tuple(item) if isinstance(item, list) else item for item in value]
    return _empty_if_none(value)


class _SpectralWindow(_Model):
    count: PositiveInt
    start: NonNegativeInt
    stride: PositiveInt = 1
    link_map: Annotated[list[tuple[NonNegativeInt, int]], BeforeValidator(_pairs)] = []


class _Channels(_Model):
    channels_id: str
    spectral_windows: list[_SpectralWindow]


class _ScanType(_Model):
    scan_type_id: str
    derive_from: str | None = None
    beams: dict[str, dict[str, Any]] = {}


class _Beam(_Model):
    model_config = ConfigDict(strict=True, frozen=True, extra="allow")
    beam_id: str
    function: str


class _Resources(_Model):
    receive_nodes: NonNegativeInt | None = None


class _Observation(_Model):
    beams: Annotated[list[_Beam], BeforeValidator(_empty_if_none)] = []
    scan_types: Annotated[list[_ScanType], BeforeValidator(_empty_if_none)] = []
    channels: Annotated[list[_Channels], BeforeValidator(_empty_if_none)] = []
    resources: _Resources | None = None


@dataclass(frozen=True, slots=True)
class _Range:
    """Channel numbers ``start`` to ``last``, inclusive, ``stride`` apart."""

    start: int
    last: int
    stride: int

    @property
    def length(self) -> int:
        return self.last - self.start + 1


def observed_scan_types(execution_block: Mapping[str, Any]) -> list[str]:
    """Return the IDs of the scan types that can be observed, in the order defined.

    Templates, whose IDs start with a dot, are left out. Invalid entries are ignored.
    """
    scan_types = execution_block.get("scan_types")
    if not isinstance(scan_types, list):
        return []
    ids = (
        scan_type.get("scan_type_id") for scan_type in scan_types if isinstance(scan_type, Mapping)
    )
    return [name for name in ids if isinstance(name, str) and not name.startswith(".")]


def receive_addresses(
    execution_block: Mapping[str, Any],
    host_name: Callable[[int], str],
    channels_per_port: int = 1,
    only: Collection[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Compute the receive addresses of an execution block's scan types.

    With ``receive_nodes`` in the resources, the channels of all beams of a scan type are
    distributed over that many hosts; without, each link has its own host. A host receives at
    most as many channels as it has ports, so there may be more hosts than requested. Beams and
    channels that are referenced but not defined, common in messages in use, have no addresses.

    Args:
        execution_block: content of the execution block, in the form of schema 0.4 and later.
        host_name: returns the name of a host by its number, from 0.
        channels_per_port: number of channels sent to one port.
        only: IDs of the scan types to include; None for all.

    Returns:
        Scan type → beam → ``function``, the beam's number, ``host`` and ``port`` maps.

    Raises:
        ValueError: the execution block is invalid, and the message lists each error; or the
            maps would have more than ``MAX_MAP_ENTRIES`` entries.
    """
    try:
        observation = _Observation.model_validate(dict(execution_block))
    except ValidationError as error:
        raise ValueError(f"The execution block is not valid: {format_errors(error)}.") from None
    addresses: dict[str, dict[str, Any]] = {}
    remaining = MAX_MAP_ENTRIES
    scan_types = {item.scan_type_id: item for item in observation.scan_types}
    wanted = None if only is None else frozenset(only)
    for name in observed_scan_types(execution_block):
        if wanted is None or name in wanted:
            uses = _derived_beams(name, scan_types)
            found = _addresses_of(uses, observation, host_name, channels_per_port, remaining)
            if found is None:
                raise ValueError(
                    f"With scan type {name!r} the receive addresses would have more than "
                    f"{MAX_MAP_ENTRIES} entries for hosts and ports: define fewer channels, or "
                    "give the processing block a larger channels_per_port."
                )
            remaining -= sum(len(beam["host"]) + len(beam["port"]) for beam in found.values())
            addresses[name] = found
    return addresses


def _addresses_of(
    uses: Mapping[str, Mapping[str, Any]],
    observation: _Observation,
    host_name: Callable[[int], str],
    channels_per_port: int,
    max_entries: int,
) -> dict[str, Any] | None:
    """Return the addresses of one scan type; None if the maps exceed the limit."""
    beams = {beam.beam_id: beam for beam in observation.beams}
    windows = {item.channels_id: item.spectral_windows for item in observation.channels}
    ranges = {
        beam_id: _ranges(windows[use["channels_id"]])
        for beam_id, use in uses.items()
        if beam_id in beams and use.get("channels_id") in windows
    }
    receive_nodes = observation.resources.receive_nodes if observation.resources else None
    total = sum(span.length for span in chain.from_iterable(ranges.values()))
    layout = _Layout(total, receive_nodes, channels_per_port)
    addresses = {}
    for beam_id, beam_ranges in ranges.items():
        hosts: list[list[Any]] = []
        ports: list[list[int]] = []
        for span, node, port in layout.place(beam_ranges):
            hosts.append([span.start, host_name(node)])
            ports.extend(islice(layout.port_map(span, port), max_entries))
            if len(hosts) + len(ports) > max_entries:
                return None
        max_entries -= len(hosts) + len(ports)
        beam = beams[beam_id]
        numbers = {key: value for key, value in beam if key in _BEAM_NUMBERS and value is not None}
        addresses[beam_id] = {"function": beam.function, **numbers, "host": hosts, "port": ports}
    return addresses


def _derived_beams(
    scan_type_id: str, scan_types: Mapping[str, _ScanType]
) -> dict[str, dict[str, Any]]:
    """Merge a scan type with those that it derives from, beam by beam."""
    # Keyed by ID: comparing whole scan types is slow in long lineages.
    lineage: dict[str, _ScanType] = {}
    scan_type = scan_types.get(scan_type_id)
    while scan_type is not None:
        if scan_type.scan_type_id in lineage:
            circle = " → ".join([*lineage, scan_type.scan_type_id])
            raise ValueError(f"Scan types derive from each other: {circle}; break the circle.")
        lineage[scan_type.scan_type_id] = scan_type
        scan_type = scan_types.get(scan_type.derive_from or "")
    merged: dict[str, dict[str, Any]] = {}
    for scan_type in reversed(lineage.values()):
        for beam_id, use in scan_type.beams.items():
            merged[beam_id] = {**merged.get(beam_id, {}), **use}
    return merged


def _ranges(windows: Sequence[_SpectralWindow]) -> list[_Range]:
    """Split spectral windows at the start of each link, in order of channel, without overlap."""
    spans: list[tuple[_Range, set[int]]] = []
    for window in sorted(windows, key=lambda item: item.start):
        links = {channel for channel, _ in window.link_map}
        last = window.start + (window.count - 1) * window.stride
        if spans and window.start <= spans[-1][0].last:
            # Maps are keyed by channel number, so overlapping windows share one entry.
            before, earlier_links = spans.pop()
            links |= earlier_links
            spans.append((_Range(before.start, max(before.last, last), 1), links))
        else:
            spans.append((_Range(window.start, last, window.stride), links))
    return list(chain.from_iterable(_cut(span, links) for span, links in spans))


def _cut(span: _Range, links: Collection[int]) -> Iterator[_Range]:
    cuts = sorted(channel for channel in links if span.start < channel <= span.last)
    ends = [channel - 1 for channel in cuts] + [span.last]
    for start, last in zip([span.start, *cuts], ends, strict=True):
        yield _Range(start, last, span.stride)


class _Layout:
    """Assigns hosts and ports to the channels of one scan type, in order."""

    def __init__(self, total: int, receive_nodes: int | None, channels_per_port: int) -> None:
        # 0 nodes remain after all were released; treated as if none had been requested.
        self._share = min(_PORTS, -(-total // receive_nodes)) if receive_nodes else _PORTS
        self._host_per_range = not receive_nodes
        self._channels_per_port = channels_per_port
        self._node = -1
        self._room = 0
        self._port = FIRST_PORT

    def place(self, ranges: Sequence[_Range]) -> Iterator[tuple[_Range, int, int]]:
        """Yield each range, split where a host is full, with its host number and first port."""
        for span in ranges:
            if self._host_per_range:
                self._room = 0
            start = span.start
            while start <= span.last:
                if not self._room:
                    self._node += 1
                    self._room = self._share
                    self._port = FIRST_PORT
                last = min(span.last, start + self._room - 1)
                part = _Range(start, last, span.stride)
                yield part, self._node, self._port
                self._port += -(-part.length // self._numbers_per_port(part))
                self._room -= part.length
                start = last + 1

    def port_map(self, span: _Range, port: int) -> Iterator[list[int]]:
        """Yield the port map's entries for a range, given its first port."""
        if self._channels_per_port == 1:
            yield [span.start, port, 1]
            return
        # The map's increment is in whole ports per channel, so shared ports need an entry each.
        firsts = range(span.start, span.last + 1, self._numbers_per_port(span))
        for count, first in enumerate(firsts):
            yield [first, port + count]

    def _numbers_per_port(self, span: _Range) -> int:
        # One port for every number, including those that the stride skips, keeps the map of a
        # range at one entry; the skipped ports stay unused.
        return 1 if self._channels_per_port == 1 else self._channels_per_port * span.stride
