"""Make an etcd have users and ask for a login; a second time changes nothing.

Each user has the role ``sdp``, which reads and writes all keys, but ``root``, who may do anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.backend.etcd3.settings import Settings

__all__ = ["UsersError", "read_passwords", "set_up"]

ROOT = "root"
ROLE = "sdp"

_ALL_KEYS = etcdrpc.Permission(permType=etcdrpc.Permission.READWRITE, key=b"\0", range_end=b"\0")
_EXISTS = ("already exists", "already granted")
_NOT_ENABLED = "authentication is not enabled"
_WRONG_PASSWORD = "authentication failed"


class UsersError(RuntimeError):
    """The users could not be made; the message says why and what to do."""


def read_passwords(directory: Path) -> dict[str, str]:
    """Read passwords from a directory, such as a mounted Secret: a file for each user.

    Raises:
        UsersError: there is none for root, one is empty, or a file cannot be read.
    """
    try:
        passwords = {
            file.name: file.read_text().rstrip("\n")
            for file in sorted(directory.iterdir())
            # Kubernetes keeps its own links there, whose names begin with dots.
            if not file.name.startswith(".")
        }
    except (OSError, UnicodeDecodeError) as error:
        raise UsersError(f"The passwords in {directory} cannot be read: {error}.") from error
    if ROOT not in passwords:
        raise UsersError(f"There is no password for root in {directory}: add the file root.")
    for name, password in passwords.items():
        if not password:
            raise UsersError(f"The password of {name} in {directory} is empty: write one.")
    return passwords


def set_up(settings: Settings, passwords: Mapping[str, str]) -> list[str]:
    """Make users, give them these passwords, and let etcd ask for a login.

    Users that are not named here stay as they are.

    Args:
        settings: how to reach etcd; its own user and password are not used.
        passwords: by name of user; root's among them.

    Returns:
        What was changed, as clauses; empty when all of it stood already.

    Raises:
        UsersError: etcd does not answer, has another password for root, or refuses.
    """
    with _channel(settings) as channel:
        try:
            return list(_Administrator(channel, settings.timeout).set_up(passwords))
        except grpc.RpcError as error:
            raise UsersError(
                f"The users of the etcd at {settings.address} could not be made: {_text(error)}."
            ) from error


class _Administrator:
    """One who may change users.

    Args:
        channel: to a member.
        timeout: seconds that a call may take.
    """

    def __init__(self, channel: grpc.Channel, timeout: float) -> None:
        self._auth = etcdrpc.AuthStub(channel)
        self._timeout = timeout
        self._metadata: tuple[tuple[str, str], ...] = ()

    def set_up(self, passwords: Mapping[str, str]) -> Iterator[str]:
        """Make what lacks, and say what that was."""
        enabled = self._log_in(passwords[ROOT])
        if self._make("RoleAdd", etcdrpc.AuthRoleAddRequest(name=ROLE)):
            yield f"role {ROLE} added"
        # To grant it again changes nothing but the revision of the users, which ends all tokens.
        role = self._call("RoleGet", etcdrpc.AuthRoleGetRequest(role=ROLE))
        if _ALL_KEYS not in list(role.perm):
            grant = etcdrpc.AuthRoleGrantPermissionRequest(name=ROLE, perm=_ALL_KEYS)
            self._call("RoleGrantPermission", grant)
        self._make("RoleAdd", etcdrpc.AuthRoleAddRequest(name=ROOT))
        known = set(self._call("UserList", etcdrpc.AuthUserListRequest()).users)
        for name, password in passwords.items():
            yield from self._make_user(name, password, name in known, enabled)
        if not enabled:
            self._call("AuthEnable", etcdrpc.AuthEnableRequest())
            yield "login demanded"

    def _make_user(self, name: str, password: str, known: bool, enabled: bool) -> Iterator[str]:
        if not known:
            self._call("UserAdd", etcdrpc.AuthUserAddRequest(name=name, password=password))
            yield f"user {name} added"
        elif not enabled or not self._accepts(name, password):
            change = etcdrpc.AuthUserChangePasswordRequest(name=name, password=password)
            self._call("UserChangePassword", change)
            yield f"password of {name} set"
        role = ROOT if name == ROOT else ROLE
        roles = self._call("UserGet", etcdrpc.AuthUserGetRequest(name=name)).roles
        if role not in roles:
            self._call("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user=name, role=role))

    def _log_in(self, password: str) -> bool:
        """Log in as root; False where nobody need log in.

        Raises:
            UsersError: the password is another.
        """
        try:
            token = self._authenticate(ROOT, password)
        except grpc.RpcError as error:
            if _NOT_ENABLED in _text(error):
                return False
            if _WRONG_PASSWORD in _text(error):
                raise UsersError(
                    "etcd has another password for root than the one given: give that one."
                ) from error
            raise
        self._metadata = (("token", token),)
        return True

    def _accepts(self, name: str, password: str) -> bool:
        try:
            self._authenticate(name, password)
        except grpc.RpcError as error:
            if _WRONG_PASSWORD in _text(error):
                return False
            raise
        return True

    def _authenticate(self, name: str, password: str) -> str:
        request = etcdrpc.AuthenticateRequest(name=name, password=password)
        token: str = self._auth.Authenticate(
            request, timeout=self._timeout, wait_for_ready=True
        ).token
        return token

    def _make(self, method: str, request: object) -> bool:
        """Make something; False if it was there."""
        try:
            self._call(method, request)
        except grpc.RpcError as error:
            if any(words in _text(error) for words in _EXISTS):
                return False
            raise
        return True

    def _call(self, method: str, request: object) -> Any:
        call = getattr(self._auth, method)
        return call(request, timeout=self._timeout, metadata=self._metadata)


@contextmanager
def _channel(settings: Settings) -> Iterator[grpc.Channel]:
    target = settings.endpoints[0]
    if not settings.secure:
        with grpc.insecure_channel(target) as channel:
            yield channel
        return
    credentials = grpc.ssl_channel_credentials(settings.ca, settings.key, settings.certificate)
    with grpc.secure_channel(target, credentials) as channel:
        yield channel


def _text(error: grpc.RpcError) -> str:
    return str(error.details()) if isinstance(error, grpc.Call) else str(error)
