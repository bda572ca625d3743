"""Every call that etcd serves, made by a client that has not logged in."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from pyetcd import etcdrpc

_TIMEOUT_S = 10.0
"""Timeout of one call; only a permitted Observe reaches it, as there is no leader to report."""


class Outcome(Enum):
    OPEN = "open"
    """The server executed it, or rejected it for another reason than the missing login."""

    REJECTED = "rejected"
    """The server rejected it for want of a login."""

    NOT_SERVED = "not served"
    """This version of the server, or its gateway, has no such call."""

    NOT_CONNECTED = "not connected"
    """The call did not reach the server's API."""


@dataclass(frozen=True)
class Call:
    """One RPC of etcd.

    Attributes:
        service: full name of the gRPC service, such as ``etcdserverpb.KV``.
        method: name of the RPC.
        path: path at the gateway after ``/v3``; empty if the gateway has none.
        request: gRPC request; bytes if the client library has no message type.
        body: the same request at the gateway, if it is bytes.
    """

    service: str
    method: str
    path: str = ""
    request: Any = b""
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service.rpartition('.')[2]}.{self.method}"


_KEY, _KEY_TEXT = b"anonymous", "YW5vbnltb3Vz"
_NAMED = b"\x0a\x09anonymous"
"""A message whose first field is the bytes ``anonymous``: the name of a lock or an election."""

_LED = b"\x0a\x0b" + _NAMED
"""A message whose first field is the key of the election's leader."""

_ABSENT = 12345
"""ID of a lease and of a member that do not exist."""

_PEER = "http://127.0.0.1:1"

_UNAUTHORIZED = ("user name is empty", "permission denied", "invalid auth token")
"""Parts of etcd's errors for a call without a login that needs one."""


def _calls(service: str, *rows: tuple[Any, ...]) -> list[Call]:
    return [Call(service, *row) for row in rows]


_PUT = etcdrpc.RequestOp(request_put=etcdrpc.PutRequest(key=_KEY))
_WATCH = etcdrpc.WatchCreateRequest(key=_KEY)
_LEADER = {"leader": {"name": _KEY_TEXT}}

CALLS: tuple[Call, ...] = (
    *_calls(
        "etcdserverpb.KV",
        ("Range", "/kv/range", etcdrpc.RangeRequest(key=_KEY)),
        ("Put", "/kv/put", etcdrpc.PutRequest(key=_KEY)),
        ("DeleteRange", "/kv/deleterange", etcdrpc.DeleteRangeRequest(key=_KEY)),
        ("Txn", "/kv/txn", etcdrpc.TxnRequest(success=[_PUT])),
        ("Compact", "/kv/compaction", etcdrpc.CompactionRequest(revision=2)),
    ),
    *_calls(
        "etcdserverpb.Watch", ("Watch", "/watch", etcdrpc.WatchRequest(create_request=_WATCH))
    ),
    *_calls(
        "etcdserverpb.Lease",
        ("LeaseGrant", "/lease/grant", etcdrpc.LeaseGrantRequest(TTL=60)),
        ("LeaseRevoke", "/lease/revoke", etcdrpc.LeaseRevokeRequest(ID=_ABSENT)),
        ("LeaseKeepAlive", "/lease/keepalive", etcdrpc.LeaseKeepAliveRequest(ID=_ABSENT)),
        ("LeaseTimeToLive", "/lease/timetolive", etcdrpc.LeaseTimeToLiveRequest(ID=_ABSENT)),
        ("LeaseLeases", "/lease/leases"),
    ),
    *_calls(
        "etcdserverpb.Cluster",
        ("MemberAdd", "/cluster/member/add", etcdrpc.MemberAddRequest(peerURLs=[_PEER])),
        ("MemberRemove", "/cluster/member/remove", etcdrpc.MemberRemoveRequest(ID=_ABSENT)),
        (
            "MemberUpdate",
            "/cluster/member/update",
            etcdrpc.MemberUpdateRequest(ID=_ABSENT, peerURLs=[_PEER]),
        ),
        ("MemberPromote", "/cluster/member/promote", b"\x08\x01", {"ID": 1}),
        ("MemberList", "/cluster/member/list", etcdrpc.MemberListRequest()),
    ),
    *_calls(
        "etcdserverpb.Maintenance",
        ("Status", "/maintenance/status", etcdrpc.StatusRequest()),
        ("Defragment", "/maintenance/defragment", etcdrpc.DefragmentRequest()),
        ("Hash", "", etcdrpc.HashRequest()),
        ("HashKV", "/maintenance/hash", etcdrpc.HashKVRequest()),
        ("Snapshot", "/maintenance/snapshot", etcdrpc.SnapshotRequest()),
        (
            "MoveLeader",
            "/maintenance/transfer-leadership",
            etcdrpc.MoveLeaderRequest(targetID=_ABSENT),
        ),
        ("Downgrade", "/maintenance/downgrade", b"", {"action": "VALIDATE"}),
        (
            "Alarm",
            "/maintenance/alarm",
            etcdrpc.AlarmRequest(action=etcdrpc.AlarmRequest.ACTIVATE, alarm=etcdrpc.NOSPACE),
        ),
    ),
    *_calls(
        "etcdserverpb.Auth",
        ("AuthEnable", "/auth/enable", etcdrpc.AuthEnableRequest()),
        ("AuthDisable", "/auth/disable", etcdrpc.AuthDisableRequest()),
        ("AuthStatus", "/auth/status"),
        (
            "Authenticate",
            "/auth/authenticate",
            etcdrpc.AuthenticateRequest(name="root", password="wrong"),
        ),
        *(
            (method, f"/auth/{path}", getattr(etcdrpc, f"Auth{method}Request")(**fields))
            for method, path, fields in (
                ("UserAdd", "user/add", {"name": "anonymous", "password": "a"}),
                ("UserGet", "user/get", {"name": "root"}),
                ("UserList", "user/list", {}),
                ("UserDelete", "user/delete", {"name": "anonymous"}),
                ("UserChangePassword", "user/changepw", {"name": "anonymous", "password": "a"}),
                ("UserGrantRole", "user/grant", {"user": "anonymous", "role": "root"}),
                ("UserRevokeRole", "user/revoke", {"name": "anonymous", "role": "root"}),
                ("RoleAdd", "role/add", {"name": "anonymous"}),
                ("RoleGet", "role/get", {"role": "root"}),
                ("RoleList", "role/list", {}),
                ("RoleDelete", "role/delete", {"role": "anonymous"}),
                ("RoleGrantPermission", "role/grant", {"name": "anonymous"}),
                ("RoleRevokePermission", "role/revoke", {"role": "anonymous"}),
            )
        ),
    ),
    *_calls(
        "v3lockpb.Lock",
        ("Lock", "/lock/lock", _NAMED, {"name": _KEY_TEXT}),
        ("Unlock", "/lock/unlock", _NAMED, {"key": _KEY_TEXT}),
    ),
    *_calls(
        "v3electionpb.Election",
        ("Campaign", "/election/campaign", _NAMED, {"name": _KEY_TEXT}),
        ("Proclaim", "/election/proclaim", _LED, _LEADER),
        ("Leader", "/election/leader", _NAMED, {"name": _KEY_TEXT}),
        ("Observe", "/election/observe", _NAMED, {"name": _KEY_TEXT}),
        ("Resign", "/election/resign", _LED, _LEADER),
    ),
)

PAGES = ("/health", "/version", "/metrics", "/debug/vars")
"""Pages that etcd serves over plain HTTP next to the gateway."""


def over_grpc(endpoint: str, credentials: grpc.ChannelCredentials, call: Call) -> Outcome:
    """Make a call over gRPC, on a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(endpoint, credentials, options) as channel:
        method = channel.stream_stream(
            f"/{call.service}/{call.method}",
            request_serializer=_serialize,
            response_deserializer=None,
        )
        answers: Any = method(iter([call.request]), timeout=_TIMEOUT_S)
        try:
            answer = next(answers)
        except StopIteration:
            # The election service ends the stream when its read is rejected.
            return Outcome.REJECTED
        except grpc.RpcError as error:
            return _outcome_of_error(error)
        finally:
            answers.cancel()
    if call.method == "Watch":
        # A rejected watch is an answer that cancels it.
        return _outcome_of_text(etcdrpc.WatchResponse.FromString(answer).cancel_reason)
    return Outcome.OPEN


def over_gateway(endpoint: str, context: ssl.SSLContext, call: Call) -> Outcome:
    """Make a call at the JSON gateway, on a connection of its own."""
    if not call.path:
        return Outcome.NOT_SERVED
    fields = call.body
    if not isinstance(call.request, bytes):
        fields = MessageToDict(call.request, preserving_proto_field_name=True)
    body = json.dumps(fields).encode()
    request = urllib.request.Request(f"https://{endpoint}/v3{call.path}", data=body)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context) as answer:
            # The first line alone: a permitted watch does not end.
            line = answer.readline()
            return _outcome_of_text(line.decode()) if line else Outcome.REJECTED
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode()
        return Outcome.NOT_SERVED if text == "Not Found\n" else _outcome_of_text(text)
    except TimeoutError:
        return Outcome.OPEN
    except OSError:
        return Outcome.NOT_CONNECTED


def page(endpoint: str, context: ssl.SSLContext, path: str) -> Outcome:
    try:
        with urllib.request.urlopen(
            f"https://{endpoint}{path}", timeout=_TIMEOUT_S, context=context
        ):
            return Outcome.OPEN
    except urllib.error.HTTPError as error:
        # The health page answers 503 while the server is unhealthy.
        error.close()
        return Outcome.OPEN
    except OSError:
        return Outcome.NOT_CONNECTED


def _serialize(request: Any) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()


def _outcome_of_error(error: Any) -> Outcome:
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return Outcome.NOT_CONNECTED
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return Outcome.NOT_SERVED
    return _outcome_of_text(error.details())


def _outcome_of_text(text: str) -> Outcome:
    is_rejected = any(part in text for part in _UNAUTHORIZED)
    return Outcome.REJECTED if is_rejected else Outcome.OPEN
