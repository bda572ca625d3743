"""Receive addresses: where the correlator is to send each channel (spec 5, recvaddrs).

A scan type's channels are cut into blocks, one a link of the correlator or one a receive node's
share, and each block goes to a host and a run of ports. Scan types are observed one after the
other, so all of them use the same hosts and ports; the beams of one scan type are observed
together and share none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from ska_sdp_sim.parameters import faults_of

__all__ = [
    "FIRST_PORT",
    "LAST_PORT",
    "MOST_ENTRIES",
    "observed_scan_types",
    "receive_addresses",
]

FIRST_PORT = 9000
LAST_PORT = 65535

MOST_ENTRIES = 100_000
"""How many entries the host and port maps that are computed at once may have together.

One small message can ask for any number. These take less than a second, in a loop that all
processing blocks share, and several megabytes, more than etcd takes unless told otherwise.
"""

_PORTS = LAST_PORT - FIRST_PORT + 1
_BEAM_NUMBERS = ("visibility_beam_id", "search_beam_id", "timing_beam_id", "vlbi_beam_id")


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


def _empty_if_none(value: object) -> object:
    return [] if value is None else value


def _pairs(value: object) -> object:
    # JSON has no tuples, and strict models take no list for one.
    if isinstance(value, list):
        return [tuple(item) if isinstance(item, list) else item for item in value]
    return _empty_if_none(value)


class _SpectralWindow(_Part):
    count: PositiveInt
    start: NonNegativeInt
    stride: PositiveInt = 1
    link_map: Annotated[list[tuple[NonNegativeInt, int]], BeforeValidator(_pairs)] = []


class _Channels(_Part):
    channels_id: str
    spectral_windows: list[_SpectralWindow]


class _ScanType(_Part):
    scan_type_id: str
    derive_from: str | None = None
    beams: dict[str, dict[str, Any]] = {}


class _Beam(_Part):
    model_config = ConfigDict(strict=True, frozen=True, extra="allow")
    beam_id: str
    function: str


class _Resources(_Part):
    receive_nodes: NonNegativeInt | None = None


class _Observation(_Part):
    beams: Annotated[list[_Beam], BeforeValidator(_empty_if_none)] = []
    scan_types: Annotated[list[_ScanType], BeforeValidator(_empty_if_none)] = []
    channels: Annotated[list[_Channels], BeforeValidator(_empty_if_none)] = []
    resources: _Resources | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """Channel numbers from start to last, both included, stride apart."""

    start: int
    last: int
    stride: int

    @property
    def length(self) -> int:
        return self.last - self.start + 1


def observed_scan_types(execution_block: Mapping[str, Any]) -> list[str]:
    """List the ids of the scan types that can be observed.

    Args:
        execution_block: content of the execution block; scan types without an id are passed over,
            and so is whatever stands in the place of the list.

    Returns:
        The ids in the order defined, templates (ids that begin with a dot) left out.
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

    With ``receive_nodes`` in the block's resources, the channels of all beams of a scan type are
    spread over that many hosts; without, each link has a host of its own. A host takes no more
    channels than it has ports, so there may be more hosts than asked for. Beams and channels that
    are referred to but not defined, normal in messages in use, have no addresses.

    Args:
        execution_block: content of the execution block, in the form of schema 0.4 and later.
        host_name: gives the name of a host by its number, from 0.
        channels_per_port: how many channels go to one port.
        only: ids of the scan types wanted; None for all.

    Returns:
        Scan type → beam → ``function``, the beam's number, ``host`` and ``port`` maps.

    Raises:
        ValueError: the execution block cannot be understood, and the text names each fault; or
            the maps would have more than ``MOST_ENTRIES`` entries.
    """
    try:
        observation = _Observation.model_validate(dict(execution_block))
    except ValidationError as error:
        raise ValueError(f"The execution block is not valid: {faults_of(error)}.") from None
    addresses: dict[str, dict[str, Any]] = {}
    room = MOST_ENTRIES
    scan_types = {item.scan_type_id: item for item in observation.scan_types}
    wanted = None if only is None else frozenset(only)
    for name in observed_scan_types(execution_block):
        if wanted is None or name in wanted:
            uses = _derived_beams(name, scan_types)
            found = _addresses_of(name, uses, observation, host_name, channels_per_port, room)
            room -= sum(len(beam["host"]) + len(beam["port"]) for beam in found.values())
            addresses[name] = found
    return addresses


def _addresses_of(
    scan_type_id: str,
    uses: Mapping[str, Mapping[str, Any]],
    observation: _Observation,
    host_name: Callable[[int], str],
    channels_per_port: int,
    room: int,
) -> dict[str, Any]:
    beams = {beam.beam_id: beam for beam in observation.beams}
    windows = {item.channels_id: item.spectral_windows for item in observation.channels}
    blocks = {
        beam_id: _blocks(windows[use["channels_id"]])
        for beam_id, use in uses.items()
        if beam_id in beams and use.get("channels_id") in windows
    }
    receive_nodes = observation.resources.receive_nodes if observation.resources else None
    total = sum(block.length for block in chain.from_iterable(blocks.values()))
    layout = _Layout(total, receive_nodes, channels_per_port)
    if layout.entries(chain.from_iterable(blocks.values())) > room:
        raise ValueError(
            f"With scan type {scan_type_id!r} the receive addresses would have more than "
            f"{MOST_ENTRIES} entries for hosts and ports: define fewer channels, or give the "
            "processing block a larger channels_per_port."
        )
    addresses = {}
    for beam_id, beam_blocks in blocks.items():
        hosts: list[list[Any]] = []
        ports: list[list[int]] = []
        for block, node, port in layout.place(beam_blocks):
            hosts.append([block.start, host_name(node)])
            ports.extend(layout.port_map(block, port))
        beam = beams[beam_id]
        numbers = {key: value for key, value in beam if key in _BEAM_NUMBERS and value is not None}
        addresses[beam_id] = {
            "function": beam.function,
            **numbers,
            "host": hosts,
            "port": ports,
        }
    return addresses


def _derived_beams(
    scan_type_id: str, scan_types: Mapping[str, _ScanType]
) -> dict[str, dict[str, Any]]:
    """Merge a scan type with those that it derives from, beam by beam."""
    # By id, as to compare whole scan types takes long where many derive from each other.
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


def _blocks(windows: Sequence[_SpectralWindow]) -> list[_Block]:
    """Cut spectral windows where a link begins, in order of channel; none overlaps another."""
    spans: list[tuple[_Block, set[int]]] = []
    for window in sorted(windows, key=lambda item: item.start):
        links = {channel for channel, _ in window.link_map}
        last = window.start + (window.count - 1) * window.stride
        if spans and window.start <= spans[-1][0].last:
            # A map is keyed by channel number alone, so windows that overlap share theirs.
            before, earlier_links = spans.pop()
            links |= earlier_links
            spans.append((_Block(before.start, max(before.last, last), 1), links))
        else:
            spans.append((_Block(window.start, last, window.stride), links))
    return list(chain.from_iterable(_cut(span, links) for span, links in spans))


def _cut(span: _Block, links: Collection[int]) -> Iterator[_Block]:
    cuts = sorted(channel for channel in links if span.start < channel <= span.last)
    ends = [channel - 1 for channel in cuts] + [span.last]
    for start, last in zip([span.start, *cuts], ends, strict=True):
        yield _Block(start, last, span.stride)


class _Layout:
    """Hands out hosts and ports to the channels of one scan type, first to last."""

    def __init__(self, total: int, receive_nodes: int | None, channels_per_port: int) -> None:
        # None are left when all have been released: then as if none had been asked for.
        self._share = min(_PORTS, -(-total // receive_nodes)) if receive_nodes else _PORTS
        self._host_for_each_block = not receive_nodes
        self._channels_per_port = channels_per_port
        self._node = -1
        self._room = 0
        self._port = FIRST_PORT

    def entries(self, blocks: Iterable[_Block]) -> int:
        """Count the entries that all blocks of the scan type will have in both maps.

        It takes no longer for more channels, and so tells beforehand what would take for ever.
        """
        entries = room = 0
        for block in blocks:
            if self._host_for_each_block:
                room = 0
            begun = min(room, block.length)
            full, rest = divmod(block.length - begun, self._share)
            room = (room - block.length) % self._share
            for hosts, length in ((1, begun), (full, self._share), (1, rest)):
                if length:
                    entries += hosts * (1 + self._entries_for_ports(length, block))
        return entries

    def place(self, blocks: Sequence[_Block]) -> Iterator[tuple[_Block, int, int]]:
        """Give each block, cut up where a host is full, its host number and first port."""
        for block in blocks:
            if self._host_for_each_block:
                self._room = 0
            start = block.start
            while start <= block.last:
                if not self._room:
                    self._node += 1
                    self._room = self._share
                    self._port = FIRST_PORT
                last = min(block.last, start + self._room - 1)
                part = _Block(start, last, block.stride)
                yield part, self._node, self._port
                self._port += -(-part.length // self._numbers_per_port(part))
                self._room -= part.length
                start = last + 1

    def port_map(self, block: _Block, port: int) -> Iterator[list[int]]:
        """Give the port map's entries for a block whose first port is given."""
        if self._channels_per_port == 1:
            yield [block.start, port, 1]
            return
        # An increment is whole ports a channel, so ports shared by channels are listed singly.
        firsts = range(block.start, block.last + 1, self._numbers_per_port(block))
        for count, first in enumerate(firsts):
            yield [first, port + count]

    def _entries_for_ports(self, length: int, block: _Block) -> int:
        return 1 if self._channels_per_port == 1 else -(-length // self._numbers_per_port(block))

    def _numbers_per_port(self, block: _Block) -> int:
        # A port for every number, also those that a stride leaves out, keeps a block's map to one
        # entry; it costs ports that nothing is sent to.
        return 1 if self._channels_per_port == 1 else self._channels_per_port * block.stride
