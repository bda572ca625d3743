"""Idempotent setup of the users and roles of an etcd, and of its authentication."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_lmc.ops.secure_etcd.files import SecurityError
from ska_sdp_lmc.ops.secure_etcd.passwords import Passwords
from ska_sdp_lmc.ops.secure_etcd.rights import ROOT, Plan, Role, User
from ska_sdp_lmc.ops.secure_etcd.server import Permission, UserStore, permissions_of

__all__ = ["secure"]


def secure(
    plan: Plan, passwords: Passwords, *, dry_run: bool, note: Callable[[str], None]
) -> Iterator[str]:
    """Create the roles and users of a plan, then enable authentication.

    Continues after an interrupted run. Roles get exactly the rights of the plan; other users
    and roles are kept.

    Args:
        plan: roles and users to create.
        passwords: password files, including that of ``root``.
        dry_run: report the changes without making them.
        note: called with findings that need attention but are not changed.

    Yields:
        One line per change, without passwords.

    Raises:
        SecurityError: the password of root is required, or a password file is unusable.
        ConfigConnectionError: the database does not respond or rejects a request.
        ValueError: an environment variable of the library is invalid.
        OSError: a password file cannot be read or written.
    """
    anonymous = Settings.load(username="", password="")
    if not anonymous.secure:
        note(
            f"The connection to {anonymous.address} has no TLS, so passwords can be intercepted: "
            "set SDP_CONFIG_PROTOCOL=https."
        )
    with UserStore(anonymous) as store:
        enforced = store.enforces_users()
    secret = passwords.read(ROOT)
    if secret is None:
        if enforced:
            raise SecurityError(
                f"The database at {anonymous.address} requires a login, and the password of its "
                f"user root is missing: write it to {passwords.file(ROOT)}."
            )
        yield f"password of user root created: {passwords.file(ROOT)}"
        if not dry_run:
            secret = passwords.create(ROOT)
    # A dry run may have no password of root; authentication is disabled then.
    as_root = Settings.load(username=ROOT if secret else "", password=secret or "")
    with UserStore(as_root) as store:
        yield from _Setup(store, passwords, enforced, dry_run, note).apply(plan)


class _Setup:
    """One run of ``secure``; yields the same lines in a dry run."""

    def __init__(
        self,
        store: UserStore,
        passwords: Passwords,
        enforced: bool,
        dry_run: bool,
        note: Callable[[str], None],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._enforced = enforced
        self._dry_run = dry_run
        self._note = note
        self._roles = store.roles()
        self._users = store.users()

    def apply(self, plan: Plan) -> Iterator[str]:
        for role in (Role(ROOT), *plan.roles):
            yield from self._role(role)
        for user in (User(ROOT, (ROOT,)), *plan.users):
            yield from self._user(user)
        if not self._enforced:
            if not self._dry_run:
                self._store.enable()
            yield f"authentication enabled at {self._store.address}"

    def _role(self, role: Role) -> Iterator[str]:
        is_new = role.name not in self._roles
        wanted = permissions_of(role)
        found: set[Permission] = set()
        if not is_new:
            # The built-in role needs no permissions; etcd versions differ in those they list.
            found = wanted if role.name == ROOT else self._store.permissions(role.name)
        if not self._dry_run:
            if is_new:
                self._store.add_role(role.name)
            for permission in sorted(wanted - found):
                self._store.grant(role.name, permission)
            # Granting a range replaces an earlier permission for the same range.
            kept = {permission[1:] for permission in wanted}
            for permission in sorted(found - wanted):
                if permission[1:] not in kept:
                    self._store.revoke(role.name, permission)
        if is_new:
            yield f"role {role.name} created: {_rights(role)}"
        elif found != wanted:
            more, less = len(wanted - found), len(found - wanted)
            yield f"role {role.name} changed: {more} rights added, {less} removed"

    def _user(self, user: User) -> Iterator[str]:
        password = self._passwords.read(user.name)
        # The password of root was handled before.
        if password is None and user.name != ROOT:
            yield f"password of user {user.name} created: {self._passwords.file(user.name)}"
            if not self._dry_run:
                password = self._passwords.create(user.name)
        if user.name not in self._users:
            has: set[str] = set()
            if not self._dry_run and password is not None:
                self._store.add_user(user.name, password)
            yield f"user {user.name} created, with {', '.join(user.roles)}"
        else:
            has = self._store.roles_of(user.name)
            yield from self._set_password(user.name, password)
        for role in user.roles:
            if role in has:
                continue
            if not self._dry_run:
                self._store.add_to_role(user.name, role)
            if user.name in self._users:
                yield f"role {role} granted to user {user.name}"
        for role in sorted(has.difference(user.roles)):
            self._note(f"user {user.name} also has role {role}, which is kept")

    def _set_password(self, user: str, password: str | None) -> Iterator[str]:
        # etcd verifies passwords only while authentication is enabled.
        is_right = (
            password is not None and self._enforced and self._store.is_valid_login(user, password)
        )
        if is_right:
            return
        if not self._dry_run and password is not None:
            self._store.set_password(user, password)
        yield f"password of user {user} set to that in {self._passwords.file(user)}"


def _rights(role: Role) -> str:
    if role.reads_all:
        return "reads everything"
    return f"writes {len(role.writes)} ranges of keys" if role.writes else "may do everything"
