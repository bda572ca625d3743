"""Users and permissions of an etcd server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from pyetcd import etcdrpc

from ska_sdp_sim.stack.etcd import Flag
from tests.support.cluster import raw

USER = "sdp"
PASSWORD = "correct horse battery staple"
ROOT_PASSWORD = "root's own"


def simple_tokens(ttl: int) -> dict[str, Flag]:
    """Return the flags of an etcd whose tokens expire after some seconds without use."""
    return {"auth_token": "simple", "auth_token_ttl": ttl}


def jwt_tokens(directory: Path, ttl: int) -> dict[str, Flag]:
    """Return the flags of an etcd whose tokens expire after some seconds, used or not."""
    key = directory / "jwt.key"
    key.write_text(secrets.token_hex(32))
    token = f"jwt,priv-key={key},sign-method=HS256,ttl={ttl}s"
    return {"auth_token": token}


def everything() -> etcdrpc.Permission:
    """Return the permission to read and write all keys."""
    return etcdrpc.Permission(permType=etcdrpc.Permission.READWRITE, key=b"\0", range_end=b"\0")


class Administrator:
    """Client as user root; its constructor enables authentication.

    Args:
        channel: channel to a server without users.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._auth = etcdrpc.AuthStub(channel)
        self._metadata: tuple[tuple[str, str], ...] = ()
        self._numbers = iter(range(1000))
        self.add_user("root", ROOT_PASSWORD, "root")
        self._call("RoleAdd", etcdrpc.AuthRoleAddRequest(name="all"))
        self._call(
            "RoleGrantPermission",
            etcdrpc.AuthRoleGrantPermissionRequest(name="all", perm=everything()),
        )
        self.add_user(USER, PASSWORD, "all")
        self.add_user("guest", PASSWORD)
        self._call("AuthEnable", etcdrpc.AuthEnableRequest())

    def add_user(self, name: str, password: str, role: str = "") -> None:
        self._call("UserAdd", etcdrpc.AuthUserAddRequest(name=name, password=password))
        if role == "root":
            self._call("RoleAdd", etcdrpc.AuthRoleAddRequest(name="root"))
        if role:
            self._call("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user=name, role=role))

    def grant_role(self, name: str, role: str) -> None:
        self.log_in()
        self._call("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user=name, role=role))

    def revoke_role(self, name: str, role: str) -> None:
        self._call("UserRevokeRole", etcdrpc.AuthUserRevokeRoleRequest(name=name, role=role))

    def grant(self, name: str, key: bytes, kind: int, *, prefix: bool = False) -> None:
        """Grant a user, by a role of its own, one key or all keys that begin with it."""
        self.log_in()
        role = f"role-{next(self._numbers)}"
        # For etcd, the end NUL means all keys from the first one on.
        end = (b"\0" if key == b"\0" else key[:-1] + bytes([key[-1] + 1])) if prefix else b""
        self._call("RoleAdd", etcdrpc.AuthRoleAddRequest(name=role))
        permission = etcdrpc.Permission(permType=kind, key=key, range_end=end)
        request = etcdrpc.AuthRoleGrantPermissionRequest(name=role, perm=permission)
        self._call("RoleGrantPermission", request)
        self.grant_role(name, role)

    def change_something(self) -> None:
        """Increment the revision of the user store."""
        self.log_in()
        self.add_user(f"user-{next(self._numbers)}", "irrelevant")

    def change_password(self, name: str, password: str) -> None:
        self.log_in()
        request = etcdrpc.AuthUserChangePasswordRequest(name=name, password=password)
        self._call("UserChangePassword", request)

    def disable(self) -> None:
        self.log_in()
        self._call("AuthDisable", etcdrpc.AuthDisableRequest())

    def enable(self) -> None:
        self._metadata = ()
        self._call("AuthEnable", etcdrpc.AuthEnableRequest())

    def log_in(self) -> None:
        request = etcdrpc.AuthenticateRequest(name="root", password=ROOT_PASSWORD)
        token = self._auth.Authenticate(request, timeout=20).token
        self._metadata = (("token", token),)

    def _call(self, method: str, request: object) -> None:
        getattr(self._auth, method)(request, timeout=20, metadata=self._metadata)


@contextmanager
def administrator(endpoint: str) -> Iterator[Administrator]:
    """Enable authentication on a server."""
    with raw(endpoint) as channel:
        yield Administrator(channel)
