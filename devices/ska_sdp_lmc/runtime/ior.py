"""Address in a CORBA object reference."""

from __future__ import annotations

import struct

__all__ = ["address_of"]

_PREFIX = "IOR:"
_IIOP = 0


def address_of(ior: str) -> tuple[str, int]:
    """Return the host and TCP port of the server that an object reference, ``IOR:…``, names.

    Raises:
        ValueError: the text is no reference, or the reference has no TCP address.
    """
    if not ior.startswith(_PREFIX):
        raise ValueError(f"Invalid object reference {ior[:20]!r}: expected {_PREFIX}…")
    try:
        reference = _Encapsulation(bytes.fromhex(ior[len(_PREFIX) :]))
        reference.octets()  # the type
        for _ in range(reference.number("I")):
            tag, profile = reference.number("I"), reference.octets()
            if tag == _IIOP:
                body = _Encapsulation(profile)
                body.number("B"), body.number("B")  # version of the protocol
                return body.octets().rstrip(b"\0").decode(), body.number("H")
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"Invalid object reference {ior[:20]}…: {error}") from error
    raise ValueError(f"Object reference {ior[:20]}… has no TCP address.")


class _Encapsulation:
    """Values in CORBA's encoding: in the byte order that its first byte names, and aligned."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = "<" if data[0] else ">"
        self._offset = 1

    def number(self, code: str) -> int:
        """Read an unsigned integer; ``code`` is that of ``struct``."""
        size = struct.calcsize(self._order + code)
        self._offset += -self._offset % size
        (number,) = struct.unpack_from(self._order + code, self._data, self._offset)
        self._offset += size
        return int(number)

    def octets(self) -> bytes:
        """Read a sequence of bytes after its length."""
        length = self.number("I")
        octets = self._data[self._offset : self._offset + length]
        self._offset += length
        return octets
