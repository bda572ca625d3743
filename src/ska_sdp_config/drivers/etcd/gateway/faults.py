"""What can go wrong with a call, as the errors that gRPC would have raised.

The gateway passes on gRPC's codes and etcd's words, so what they mean is told in one place for
both ways to etcd.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException

import grpc
from urllib3.exceptions import ClosedPoolError

from ska_sdp_config.drivers.etcd.gateway.codec import Json
from ska_sdp_config.drivers.etcd.gateway.sockets import is_from_connecting

__all__ = ["GatewayError", "answer_in", "fault"]

CODES = {code.value[0]: code for code in grpc.StatusCode}


class GatewayError(grpc.RpcError):
    """A call was refused, or was not answered; the code says which.

    Args:
        code: gRPC's code.
        words: the server's words, or those for what became of the connection.

    Attributes:
        was_sent: whether the server may have got the call.
        is_of_network: whether it is no server that says this.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        words: str,
        *,
        was_sent: bool = True,
        is_of_network: bool = False,
    ) -> None:
        super().__init__(words)
        self._code = code
        self._words = words
        self.was_sent = was_sent
        self.is_of_network = is_of_network

    def code(self) -> grpc.StatusCode:
        """Get the code; see grpc.Call."""
        return self._code

    def details(self) -> str:
        """Get the words; see grpc.Call."""
        return self._words


def answer_in(status: int, text: bytes) -> Json:
    """Get the answer out of a response, or out of one line of a stream.

    Args:
        status: HTTP status of the response.
        text: its body, or the line.

    Raises:
        GatewayError: it is an error, or is not from etcd.
    """
    # A proxy that fails says nothing of whether the server behind it acted.
    code = grpc.StatusCode.UNKNOWN
    if 300 <= status < 500:
        code = grpc.StatusCode.FAILED_PRECONDITION
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if b"CommonName" in text and not isinstance(answer, dict):
        raise GatewayError(code, "client certificate has a common name")
    if not isinstance(answer, dict):
        raise GatewayError(code, f"HTTP status {status} with something that is not etcd's")
    error = answer.get("error")
    if error is None and status == 200:
        return answer
    # A stream wraps its errors once more, and has another name for their codes.
    details = error if isinstance(error, dict) else answer
    words = details.get("message") or error or f"HTTP status {status}"
    raise GatewayError(CODES.get(details.get("code", details.get("grpc_code")), code), str(words))


def fault(exc: Exception) -> GatewayError:
    """Get what a failed connection comes down to."""
    causes = list(_causes(exc))
    # What is deepest tells the most.
    told = (told for cause in reversed(causes) if (told := _told_by(cause)))
    words = next(told, str(causes[-1]) or type(exc).__name__)
    is_late = words == "timed out"
    return GatewayError(
        grpc.StatusCode.DEADLINE_EXCEEDED if is_late else grpc.StatusCode.UNAVAILABLE,
        words,
        was_sent=not any(
            is_from_connecting(cause) or isinstance(cause, ClosedPoolError) for cause in causes
        ),
        is_of_network=True,
    )


def _told_by(cause: BaseException) -> str:
    if isinstance(cause, TimeoutError):
        return "timed out"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message.rstrip(".")
    if isinstance(cause, (HTTPException, ssl.SSLEOFError)):
        return "the connection ended"
    if isinstance(cause, ssl.SSLError):
        return (cause.reason or str(cause)).lower().replace("_", " ")
    if isinstance(cause, socket.gaierror):
        return f"resolving its name: {cause.strerror}".lower()
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return ""


def _causes(exc: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = exc
    while cause is not None:
        yield cause
        # The libraries on the way keep the error beneath in one of several places.
        inner = [getattr(cause, "reason", None), *cause.args, cause.__cause__]
        cause = next((each for each in inner if isinstance(each, BaseException)), None)
