"""What etcd knows of users and roles, and the calls that change it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.keys import Span
from ska_sdp_lmc.ops.secure_etcd.rights import ROOT, Role

__all__ = ["Permission", "UserStore", "permissions_of"]

Permission = tuple[int, bytes, bytes]
"""What kind of access (etcd's number), to the keys from one up to another."""

_FROM_HERE_ON = b"\0"
"""etcd's word for an end behind all keys; as a beginning it is the first key."""


def permissions_of(role: Role) -> set[Permission]:
    """Get a role's permissions as etcd has them."""
    found = {_permission(etcdrpc.Permission.WRITE, span) for span in role.writes}
    if role.reads_all:
        found.add((etcdrpc.Permission.READ, _FROM_HERE_ON, _FROM_HERE_ON))
    return found


def _permission(kind: int, span: Span) -> Permission:
    return kind, span.begin.encode(), span.end.encode()


class UserStore:
    """The users and roles of an etcd. A context manager that ends the connection.

    The methods raise ConfigConnectionError when the server does not answer, or refuses.

    Args:
        settings: where it is; and who asks, once users are enforced.
    """

    def __init__(self, settings: Settings) -> None:
        self._etcd = Etcd(settings, Connection(lease_ttl=10.0))
        self._timeout = settings.timeout
        self.address = settings.address

    def __enter__(self) -> UserStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._etcd.close()

    def roles(self) -> set[str]:
        """Get the names of all roles."""
        return set(self._call("RoleList", etcdrpc.AuthRoleListRequest()).roles)

    def users(self) -> set[str]:
        """Get the names of all users."""
        return set(self._call("UserList", etcdrpc.AuthUserListRequest()).users)

    def permissions(self, role: str) -> set[Permission]:
        """Get what a role may do."""
        answer = self._call("RoleGet", etcdrpc.AuthRoleGetRequest(role=role))
        return {(each.permType, each.key, each.range_end) for each in answer.perm}

    def roles_of(self, user: str) -> set[str]:
        """Get the names of the roles that a user has."""
        return set(self._call("UserGet", etcdrpc.AuthUserGetRequest(name=user)).roles)

    def add_role(self, role: str) -> None:
        """Add a role that may do nothing yet."""
        self._call("RoleAdd", etcdrpc.AuthRoleAddRequest(name=role))

    def grant(self, role: str, permission: Permission) -> None:
        """Let a role do something more."""
        kind, begin, end = permission
        perm = etcdrpc.Permission(permType=kind, key=begin, range_end=end)
        self._call(
            "RoleGrantPermission", etcdrpc.AuthRoleGrantPermissionRequest(name=role, perm=perm)
        )

    def revoke(self, role: str, permission: Permission) -> None:
        """Let a role no longer do something."""
        _, begin, end = permission
        self._call(
            "RoleRevokePermission",
            etcdrpc.AuthRoleRevokePermissionRequest(role=role, key=begin, range_end=end),
        )

    def add_user(self, user: str, password: str) -> None:
        """Add a user without roles."""
        self._call("UserAdd", etcdrpc.AuthUserAddRequest(name=user, password=password))

    def set_password(self, user: str, password: str) -> None:
        """Give a user another password; its logins end."""
        request = etcdrpc.AuthUserChangePasswordRequest(name=user, password=password)
        self._call("UserChangePassword", request)

    def add_to_role(self, user: str, role: str) -> None:
        """Give a user a role."""
        self._call("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user=user, role=role))

    def knows(self, user: str, password: str) -> bool:
        """Tell whether a user is there and has this password, where users are enforced."""
        try:
            self._call("Authenticate", etcdrpc.AuthenticateRequest(name=user, password=password))
        except ConfigConnectionError as error:
            if _was_refused(error, errors.keeps_us_out):
                return False
            raise
        return True

    def enforces_users(self) -> bool:
        """Tell whether nobody does anything without a login; ask it without one."""
        try:
            self.knows(ROOT, "any")
        except ConfigConnectionError as error:
            if _was_refused(error, errors.login_is_not_asked_for):
                return False
            raise
        return True

    def enable(self) -> None:
        """Let nobody do anything without a login from now on."""
        self._call("AuthEnable", etcdrpc.AuthEnableRequest())

    def _call(self, method: str, request: Any) -> Any:
        return self._etcd.call("Auth", method, request, self._timeout)


def _was_refused(error: ConfigConnectionError, how: Callable[[grpc.RpcError], bool]) -> bool:
    return isinstance(error.__cause__, grpc.RpcError) and how(error.__cause__)
