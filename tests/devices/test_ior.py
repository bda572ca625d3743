"""Address in a CORBA object reference."""

from __future__ import annotations

import struct

import pytest

from ska_sdp_lmc.runtime.ior import address_of

TYPE = b"IDL:Tango/Device_6:1.0\0"
"""Length that is no multiple of four, so that the next value is aligned."""


def profile(host: str, port: int, order: str) -> bytes:
    name = host.encode() + b"\0"
    head = bytes([order == "<", 1, 2, 0]) + struct.pack(f"{order}I", len(name)) + name
    return head + bytes(-len(head) % 2) + struct.pack(f"{order}H", port) + b"\0\0key"


def reference(*profiles: tuple[int, bytes], order: str = "<") -> str:
    data = bytes([order == "<", 0, 0, 0]) + struct.pack(f"{order}I", len(TYPE)) + TYPE
    data += bytes(-len(data) % 4) + struct.pack(f"{order}I", len(profiles))
    for tag, body in profiles:
        data += bytes(-len(data) % 4) + struct.pack(f"{order}II", tag, len(body)) + body
    return "IOR:" + data.hex()


@pytest.mark.parametrize("host", ["127.0.0.1", "sdp-lmc-subarray-01", "a"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_address_of_returns_host_and_port(host: str, order: str) -> None:
    other = (1, b"components")
    ior = reference(other, (0, profile(host, 45678, order)), order=order)
    assert address_of(ior) == (host, 45678)


@pytest.mark.parametrize(
    "ior",
    [
        "",
        "nada",
        "IOR:",
        "IOR:zz",
        "IOR:01000000",
        reference((1, b"components")),
        reference((0, profile("127.0.0.1", 45678, "<")))[:120],
    ],
)
def test_address_of_rejects_reference_without_address(ior: str) -> None:
    with pytest.raises(ValueError, match=r"reference|hexadecimal"):
        address_of(ior)
