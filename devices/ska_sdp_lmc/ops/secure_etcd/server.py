"""Client of the user and role management of etcd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.grpc.channel import grpc_channels
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.keys import Span
from ska_sdp_lmc.ops.secure_etcd.rights import ROOT, Role

__all__ = ["Permission", "UserStore", "permissions_of"]

Permission = tuple[int, bytes, bytes]
"""Permission type of etcd, first key, and end of the range (exclusive)."""

_UNBOUNDED = b"\0"
"""As range end in etcd: no upper bound; as first key: the lowest key."""


def permissions_of(role: Role) -> set[Permission]:
    """Convert the rights of a role to permissions of etcd."""
    found = {_permission(etcdrpc.Permission.WRITE, span) for span in role.writes}
    if role.reads_all:
        found.add((etcdrpc.Permission.READ, _UNBOUNDED, _UNBOUNDED))
    return found


def _permission(kind: int, span: Span) -> Permission:
    return kind, span.begin.encode(), span.end.encode()


class UserStore:
    """Users and roles of an etcd. A context manager that closes the connection.

    All methods raise ConfigConnectionError if the server does not respond or rejects the request.

    Args:
        settings: address, and the login if authentication is enabled.
    """

    def __init__(self, settings: Settings) -> None:
        connection = Connection(lease_ttl=10.0)
        self._etcd = EtcdClient(settings, connection, grpc_channels(settings))
        self._timeout = settings.timeout
        self.address = settings.address

    def __enter__(self) -> UserStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._etcd.close()

    def roles(self) -> set[str]:
        """Return the names of all roles."""
        return set(self._call("RoleList", etcdrpc.AuthRoleListRequest()).roles)

    def users(self) -> set[str]:
        """Return the names of all users."""
        return set(self._call("UserList", etcdrpc.AuthUserListRequest()).users)

    def permissions(self, role: str) -> set[Permission]:
        """Return the permissions of a role."""
        answer = self._call("RoleGet", etcdrpc.AuthRoleGetRequest(role=role))
        return {(each.permType, each.key, each.range_end) for each in answer.perm}

    def roles_of(self, user: str) -> set[str]:
        """Return the names of the roles of a user."""
        return set(self._call("UserGet", etcdrpc.AuthUserGetRequest(name=user)).roles)

    def add_role(self, role: str) -> None:
        """Add a role without permissions."""
        self._call("RoleAdd", etcdrpc.AuthRoleAddRequest(name=role))

    def grant(self, role: str, permission: Permission) -> None:
        """Grant a permission to a role."""
        kind, begin, end = permission
        perm = etcdrpc.Permission(permType=kind, key=begin, range_end=end)
        self._call(
            "RoleGrantPermission", etcdrpc.AuthRoleGrantPermissionRequest(name=role, perm=perm)
        )

    def revoke(self, role: str, permission: Permission) -> None:
        """Revoke a permission of a role."""
        _, begin, end = permission
        self._call(
            "RoleRevokePermission",
            etcdrpc.AuthRoleRevokePermissionRequest(role=role, key=begin, range_end=end),
        )

    def add_user(self, user: str, password: str) -> None:
        """Add a user without roles."""
        self._call("UserAdd", etcdrpc.AuthUserAddRequest(name=user, password=password))

    def set_password(self, user: str, password: str) -> None:
        """Change the password of a user, which invalidates its tokens."""
        request = etcdrpc.AuthUserChangePasswordRequest(name=user, password=password)
        self._call("UserChangePassword", request)

    def add_to_role(self, user: str, role: str) -> None:
        """Grant a role to a user."""
        self._call("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user=user, role=role))

    def is_valid_login(self, user: str, password: str) -> bool:
        """Return whether user and password are valid; requires enabled authentication."""
        try:
            self._call("Authenticate", etcdrpc.AuthenticateRequest(name=user, password=password))
        except ConfigConnectionError as error:
            if _was_rejected(error, errors.rejects_user):
                return False
            raise
        return True

    def enforces_users(self) -> bool:
        """Return whether authentication is enabled; call it without a login."""
        try:
            self.is_valid_login(ROOT, "any")
        except ConfigConnectionError as error:
            if _was_rejected(error, errors.login_is_not_required):
                return False
            raise
        return True

    def enable(self) -> None:
        """Enable authentication."""
        self._call("AuthEnable", etcdrpc.AuthEnableRequest())

    def _call(self, method: str, request: Any) -> Any:
        return self._etcd.call("Auth", method, request, self._timeout)


def _was_rejected(error: ConfigConnectionError, how: Callable[[grpc.RpcError], bool]) -> bool:
    return isinstance(error.__cause__, grpc.RpcError) and how(error.__cause__)
