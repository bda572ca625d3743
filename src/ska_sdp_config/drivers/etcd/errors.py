"""Classification of etcd's errors, and their conversion to the errors of the library."""

from __future__ import annotations

from collections.abc import Iterable

import grpc

from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import (
    Compacted,
    ConfigConnectionError,
    ConfigRefused,
    FutureRevision,
    LeaseNotFound,
    LoginRejected,
    QuotaExceeded,
    TransactionTooLarge,
)

__all__ = [
    "DENIED",
    "CallError",
    "is_about_login",
    "is_out_of_time",
    "is_silence",
    "login_is_not_required",
    "mark_as_not_sent",
    "may_login_help",
    "no_answer",
    "permanent_fault",
    "rejection",
    "rejects_user",
    "was_not_executed",
    "words_of",
]

SILENT = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.ABORTED,
}
"""Codes after which the call may or may not have been executed."""

NOT_CONNECTED = (
    "failed to connect to all addresses",
    "connections to all backends failing",
    "errors resolving",
    "DNS resolution failed",
)
"""gRPC's messages if no member could be reached, so that nothing was sent."""

REJECTED_EARLY = ("etcdserver: no leader", "etcdserver: too many requests")
"""etcd's messages if it rejects a call before executing it."""

UNACCEPTABLE_CERTIFICATE = ("certificate verify failed", "hostname verification check failed")
"""OpenSSL's and gRPC's messages about the certificate of a server."""

BROKEN = ("alert", "closed", "ended", "reset", "unwrap", "Unwrap", "tsi_", "TSI_", "SSL")
"""Words of errors after a server ended the connection, e.g. for lack of TLS or a certificate.

Over the gateway the error is the TLS alert alone, such as ``sslv3 alert bad certificate``.
"""

ETCD_PREFIX = "etcdserver: "
"""Prefix of the messages of etcd itself."""

SPACE_EXCEEDED = "space exceeded"
"""etcd's words if the database has reached its quota."""

EXPIRED_LOGIN = (
    "invalid auth token",
    # From etcd's API, and from the layer below, which in 3.5 has the code UNKNOWN.
    "revision of auth store is old",
    "auth: revision in header is old",
    # Authentication was enabled after a login without a token.
    "user name is empty",
)
"""etcd's messages if another login may help; the call was not executed."""

REJECTED_LOGIN = ("authentication failed", "user name is empty")
"""etcd's messages if the user or the password is invalid or missing."""

RETRY_AFTER_S = 1.0
"""Seconds between retries of requests that are rejected for a while, e.g. by a full database."""

_NOT_SENT = "was_not_sent"
"""Attribute of errors that occurred before the call was sent."""

DENIED = "permission denied"
"""Part of etcd's error where a user lacks a right."""


class CallError(grpc.RpcError):
    """Failure or rejection of a call that gRPC itself does not raise.

    Args:
        code: gRPC status code.
        words: message of the server, or description of the failure.
    """

    def __init__(self, code: grpc.StatusCode, words: str) -> None:
        super().__init__(words)
        self._code = code
        self._words = words

    def code(self) -> grpc.StatusCode:
        """Return the code; see grpc.Call."""
        return self._code

    def details(self) -> str:
        """Return the message; see grpc.Call."""
        return self._words


def words_of(exc: grpc.RpcError) -> str:
    """Return the message of the server or of gRPC."""
    return str(exc.details() or exc.code().name.lower().replace("_", " ")).rstrip(".")


def is_silence(exc: grpc.RpcError) -> bool:
    """Return whether the call may or may not have been executed."""
    return not is_about_login(exc) and (exc.code() in SILENT or _contains(exc, REJECTED_EARLY))


def was_not_sent(exc: grpc.RpcError) -> bool:
    """Return whether the call was certainly not sent."""
    is_unavailable = exc.code() is grpc.StatusCode.UNAVAILABLE
    return _NOT_SENT in vars(exc) or (is_unavailable and _contains(exc, NOT_CONNECTED))


def was_not_executed(exc: grpc.RpcError) -> bool:
    """Return whether the call was certainly not executed, and never will be."""
    return was_not_sent(exc) or _contains(exc, REJECTED_EARLY)


def mark_as_not_sent(exc: grpc.RpcError) -> None:
    """Mark an error that occurred before the call was sent, such as in the login before it."""
    vars(exc)[_NOT_SENT] = True


def permanent_fault(endpoint: str, exc: grpc.RpcError) -> str:
    """Return a message if the error shows a fault that no retry cures, else an empty string.

    The messages of gRPC and OpenSSL do not show every such fault; ``ska-sdp doctor`` tests for
    them.
    """
    if not was_not_sent(exc):
        return ""
    words = words_of(exc)
    lower = words.lower().replace("_", " ")
    if "resol" in lower and ("not found" in lower or "not known" in lower):
        host = endpoint.rpartition(":")[0].strip("[]")
        return f"There is no host {host!r} ({words}): check SDP_CONFIG_HOST."
    if any(phrase in lower for phrase in UNACCEPTABLE_CERTIFICATE):
        return (
            f"The certificate of the database at {endpoint} is not accepted ({words}): check "
            "SDP_CONFIG_CERT and SDP_CONFIG_HOST, or run 'ska-sdp doctor' to find the cause."
        )
    return ""


def is_about_login(exc: grpc.RpcError) -> bool:
    """Return whether another login may help; the call was not executed."""
    return _contains(exc, EXPIRED_LOGIN)


def may_login_help(exc: grpc.RpcError, metadata: Iterable[tuple[str, str]]) -> bool:
    """Return whether another login may help; the call was not executed.

    Args:
        exc: the error that the server returned.
        metadata: the metadata sent with the call.
    """
    # Over gRPC, a client that has a certificate but no token is denied permission instead.
    has_token = any(name == "token" for name, _ in metadata)
    return is_about_login(exc) or (not has_token and _contains(exc, (DENIED,)))


def is_out_of_time(exc: grpc.RpcError) -> bool:
    """Return whether the call timed out, because of the server or of the network."""
    return exc.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def rejects_user(exc: grpc.RpcError) -> bool:
    """Return whether the server rejects the user, rather than the call."""
    return is_about_login(exc) or _contains(exc, ("authentication failed",))


def login_is_not_required(exc: grpc.RpcError) -> bool:
    """Return whether a login failed because authentication is disabled."""
    return _contains(exc, ("authentication is not enabled",))


def rejection(settings: Settings, exc: grpc.RpcError, *, was_served: bool = True) -> Exception:
    """Return the exception to raise after the server rejected a request.

    Args:
        settings: endpoints and user, for the message.
        exc: the error of the server.
        was_served: whether a server has responded to this client before, other than by rejecting
            the login.
    """
    code, words, where = exc.code(), words_of(exc), f"The database at {settings.address}"
    if code is grpc.StatusCode.OUT_OF_RANGE and "compacted" in words:
        return Compacted(words)
    if code is grpc.StatusCode.NOT_FOUND and "lease" in words:
        # The caller adds the lease ID of the request.
        return LeaseNotFound()
    if "too many operations" in words:
        return TransactionTooLarge(
            f"The transaction has more operations than the database at {settings.address} takes "
            "(etcd's --max-txn-ops, 128 by default, counts what was read too): nothing was "
            "written; split it, or raise --max-txn-ops."
        )
    if "too large" in words or "larger than max" in words:
        return TransactionTooLarge(
            f"The transaction has more bytes than the database at {settings.address} takes "
            "(etcd's --max-request-bytes, 1.5 MiB by default): nothing was written; split it, or "
            "raise --max-request-bytes."
        )
    text = f"{where} {_explain(settings, words)}"
    if "future revision" in words:
        return FutureRevision(text)
    lacks_login = _lacks_login(settings, words)
    if rejects_user(exc) or lacks_login:
        error: ConfigConnectionError = LoginRejected(text)
        # A login that was accepted before may be accepted again, e.g. during a change of its
        # password.
        is_final = lacks_login or (not was_served and _contains(exc, REJECTED_LOGIN))
    elif SPACE_EXCEEDED in words:
        error = QuotaExceeded(text)
        is_final = False
    elif words.startswith(ETCD_PREFIX):
        error = ConfigRefused(text)
        is_final = code is not grpc.StatusCode.RESOURCE_EXHAUSTED
    else:
        # A rejection by anything else, such as a proxy, may be temporary.
        error = ConfigConnectionError(text)
        is_final = False
    error.retry_after = None if is_final else RETRY_AFTER_S
    return error


def no_answer(settings: Settings, exc: grpc.RpcError, timeout: float) -> ConfigConnectionError:
    """Return the exception to raise after all members timed out."""
    words = words_of(exc)
    advice = "check that etcd runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT"
    if "leader" in words:
        advice = "a majority of its members must run and reach each other"
    elif _contains(exc, BROKEN):
        advice += "; or check SDP_CONFIG_PROTOCOL and the certificates with 'ska-sdp doctor'"
    return ConfigConnectionError(
        f"The database at {settings.address} did not answer within {round(timeout, 2):g} s "
        f"({words}): {advice}."
    )


def _explain(settings: Settings, words: str) -> str:
    if "authentication failed" in words:
        return (
            f"rejected the login of user {settings.username!r}: check SDP_CONFIG_USERNAME and "
            "SDP_CONFIG_PASSWORD."
        )
    if "user name is empty" in words or _lacks_login(settings, words):
        return "requires a login: set SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD."
    if DENIED in words:
        return (
            f"does not let user {settings.username!r} do this ({words}): grant the user a role "
            "that may, or check SDP_CONFIG_USERNAME."
        )
    if "has a common name" in words:
        return (
            "accepts over its JSON gateway no client certificate with a common name: use a "
            "certificate without one, or SDP_CONFIG_BACKEND=etcd3."
        )
    if SPACE_EXCEEDED in words:
        return (
            f"is full ({words}), and nothing was written: compact and defragment it and disarm "
            "its alarm, or raise --quota-backend-bytes."
        )
    if "future revision" in words:
        return (
            f"has not reached the requested revision ({words}): it was restored from an older "
            "copy, or is another database; read again."
        )
    return f"rejected the call: {words}."


def _lacks_login(settings: Settings, words: str) -> bool:
    """Return whether permission was denied because there is no login."""
    return DENIED in words and settings.username is None


def _contains(exc: grpc.RpcError, phrases: tuple[str, ...]) -> bool:
    words = words_of(exc)
    return any(phrase in words for phrase in phrases)
