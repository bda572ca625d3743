"""Errors of gateway calls, converted to gRPC errors.

The gateway forwards gRPC's codes and etcd's messages, so that errors of both transports are
classified by the same code.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException

import grpc
from urllib3.exceptions import ClosedPoolError

from ska_sdp_config.drivers.etcd.errors import CallError, mark_as_not_sent
from ska_sdp_config.drivers.etcd.gateway.proto_json import Json
from ska_sdp_config.drivers.etcd.gateway.sockets import is_from_connecting

__all__ = ["answer_in", "fault"]

CODES = {code.value[0]: code for code in grpc.StatusCode}


def answer_in(status: int, text: bytes) -> Json:
    """Parse a response, or one line of a streaming response.

    Args:
        status: HTTP status of the response.
        text: the body, or the line.

    Raises:
        CallError: the response is an error, or is not from etcd.
    """
    # After an error of a proxy, the server behind it may have executed the call.
    code = grpc.StatusCode.UNKNOWN
    if 300 <= status < 500:
        code = grpc.StatusCode.FAILED_PRECONDITION
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if b"CommonName" in text and not isinstance(answer, dict):
        raise CallError(code, "client certificate has a common name")
    if not isinstance(answer, dict):
        raise CallError(code, f"HTTP status {status} and a body that is not from etcd")
    error = answer.get("error")
    if error is None and status == 200:
        return answer
    # Streams wrap errors once more, and name the code differently.
    details = error if isinstance(error, dict) else answer
    words = details.get("message") or error or f"HTTP status {status}"
    raise CallError(CODES.get(details.get("code", details.get("grpc_code")), code), str(words))


def fault(exc: Exception) -> CallError:
    """Convert an exception of the HTTP client."""
    causes = list(_causes(exc))
    # The innermost exception is the most specific.
    descriptions = (words for cause in reversed(causes) if (words := _describe(cause)))
    words = next(descriptions, str(causes[-1]) or type(exc).__name__)
    is_late = words == "timed out"
    code = grpc.StatusCode.DEADLINE_EXCEEDED if is_late else grpc.StatusCode.UNAVAILABLE
    error = CallError(code, words)
    if any(is_from_connecting(cause) or isinstance(cause, ClosedPoolError) for cause in causes):
        mark_as_not_sent(error)
    return error


def _describe(cause: BaseException) -> str:
    if isinstance(cause, TimeoutError):
        return "timed out"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {cause.verify_message}".rstrip(".")
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
        # urllib3 and requests keep the inner exception in different places.
        inner = [getattr(cause, "reason", None), *cause.args, cause.__cause__]
        cause = next((each for each in inner if isinstance(each, BaseException)), None)
