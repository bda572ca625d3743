"""Lines of a response of the gateway, as they arrive."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
import requests

from ska_sdp_config.drivers.etcd.errors import CallError
from ska_sdp_config.drivers.etcd.gateway.channel import _lines


class Received:
    """Body that arrives in pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [*pieces, b""]

    def read1(self) -> bytes:
        return self._pieces.pop(0)


def response_of(*pieces: bytes) -> requests.Response:
    response = requests.Response()
    body: Any = Received([*pieces])
    response.raw = body
    return response


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        ([b"a\n"], [b"a"]),
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"\r\n\n a\r\n"], [b"a"]),
        ([b"a", b"b\n"], [b"", b"ab"]),
        ([b"a", b"b\nc", b"\n"], [b"", b"ab", b"c"]),
        ([b"a\nb"], [b"a"]),
    ],
)
def test_lines_are_yielded_as_they_arrive(pieces: list[bytes], expected: list[bytes]) -> None:
    """An empty one shows that a part of a long line has arrived."""
    assert [*_lines(response_of(*pieces), None)] == expected


@pytest.mark.parametrize(
    "pieces", [[b"12345\n"], [b"12", b"345\n"], [b"12345"], [b"1234\n1234\n1234\n"], [b"1\n2345"]]
)
def test_lines_may_have_the_maximum_size(pieces: list[bytes]) -> None:
    found = b"".join(_lines(response_of(*pieces, b"\n"), 5))
    assert found == b"".join(pieces).replace(b"\n", b"")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"123456"],
        [b"123456\n"],
        [b"123", b"456"],
        [b"123", b"456\n"],
        [b"1\n123456"],
        [b"1\n123", b"456\n"],
    ],
)
def test_line_above_the_maximum_size_is_an_error(pieces: list[bytes]) -> None:
    """Also one whose end has arrived with the rest."""
    with pytest.raises(CallError, match="more than") as caught:
        [*_lines(response_of(*pieces), 5)]
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_line_has_no_maximum_size_by_default() -> None:
    assert [*_lines(response_of(b"1" * 100, b"\n"), None)] == [b"", b"1" * 100]
