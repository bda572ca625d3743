"""Receive addresses by scan type and beam, from what a script wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ska_sdp_web.encoding import bounded

__all__ = ["flatten_addresses"]

MAX_ENTRIES = 100_000
"""Number of entries of a channel map that the page gets."""

_MAPS = ("host", "port")


def flatten_addresses(value: Any) -> list[dict[str, Any]]:
    """Return a row for each scan type and beam, in the order of the document.

    Invalid parts are left out. Scan types without beams, of schemas up to 0.3, have an empty beam.

    Args:
        value: receive addresses, any JSON value; see ``read_receive_addresses``.
    """
    return [
        _row(scan_type, beam, addresses)
        for scan_type, entry in _scan_types(value)
        for beam, addresses in _beams(entry)
    ]


def _scan_types(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        for name, entry in value.items():
            if name != "interface" and isinstance(entry, dict):
                yield name, entry
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, dict):
                rest = {key: part for key, part in entry.items() if key != "scan_type_id"}
                yield str(entry.get("scan_type_id", "")), rest


def _beams(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    # A beam may itself be named "host".
    if any(isinstance(entry.get(name), list) for name in _MAPS):
        yield "", entry
        return
    yield from ((name, beam) for name, beam in entry.items() if isinstance(beam, dict))


def _row(scan_type: str, beam: str, addresses: dict[str, Any]) -> dict[str, Any]:
    function = addresses.get("function")
    others = {
        name: bounded(part) for name, part in addresses.items() if name not in (*_MAPS, "function")
    }
    return {
        "scan_type": scan_type,
        "beam": beam,
        "function": function if isinstance(function, str) else "",
        "hosts": _entries(addresses.get("host"), _host),
        "ports": _entries(addresses.get("port"), _port),
        "other": others,
    }


def _entries(value: Any, read: Callable[[Any], list[Any] | None]) -> list[list[Any]]:
    """Return the valid entries of a channel map by their first channel."""
    found = [read(each) for each in (value if isinstance(value, list) else [])[:MAX_ENTRIES]]
    return sorted((each for each in found if each is not None), key=lambda each: each[0])


def _host(entry: Any) -> list[Any] | None:
    if not isinstance(entry, list) or len(entry) < 2:
        return None
    channel, host = entry[:2]
    return [channel, host] if _is_count(channel) and isinstance(host, str) else None


def _port(entry: Any) -> list[Any] | None:
    if not isinstance(entry, list) or len(entry) < 2:
        return None
    channel, port, increment = [*entry[:3], 0][:3]
    valid = _is_count(channel) and _is_count(port) and _is_count(increment)
    return [channel, port, increment] if valid else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
