"""Bring users and roles of an etcd to where a plan has them, and enforce them."""

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
    """Make roles and users as planned, and enforce them as the last step.

    It begins wherever an earlier run has ended, also one that was interrupted. Roles get just
    the rights of the plan; users and roles that are not in it stay as they are.

    Args:
        plan: which roles and users.
        passwords: where the passwords are; that of ``root`` among them.
        dry_run: whether only to say what would be done.
        note: is told what deserves attention, but was not changed.

    Yields:
        A sentence for each change; passwords are in none.

    Raises:
        SecurityError: it cannot be done; says what to do.
        ConfigConnectionError: the database does not answer, or refuses.
        ValueError: an environment variable of the library is not valid.
        OSError: a password's file cannot be read or written.
    """
    nobody = Settings.load(username="", password="")
    if not nobody.secure:
        note(
            f"{nobody.address} is reached without TLS, so passwords can be overheard: "
            "set SDP_CONFIG_PROTOCOL=https."
        )
    with UserStore(nobody) as store:
        enforced = store.enforces_users()
    secret = passwords.read(ROOT)
    if secret is None:
        if enforced:
            raise SecurityError(
                f"The database at {nobody.address} asks for a login, and there is no password of "
                f"its user root: write it to {passwords.file(ROOT)}."
            )
        yield f"password of user root made: {passwords.file(ROOT)}"
        if not dry_run:
            secret = passwords.make(ROOT)
    # In a dry run there may be no password of root: then nobody is asked for one.
    as_root = Settings.load(username=ROOT if secret else "", password=secret or "")
    with UserStore(as_root) as store:
        yield from _Change(store, passwords, enforced, dry_run, note).carry_out(plan)


class _Change:
    """One run of ``secure``; what it would do is said also where it does nothing."""

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

    def carry_out(self, plan: Plan) -> Iterator[str]:
        for role in (Role(ROOT), *plan.roles):
            yield from self._role(role)
        for user in (User(ROOT, (ROOT,)), *plan.users):
            yield from self._user(user)
        if not self._enforced:
            if not self._dry_run:
                self._store.enable()
            yield f"users enforced at {self._store.address}"

    def _role(self, role: Role) -> Iterator[str]:
        is_new = role.name not in self._roles
        wanted = permissions_of(role)
        found: set[Permission] = set()
        if not is_new:
            # etcd's own role needs no rights, and shows some or none by its version.
            found = wanted if role.name == ROOT else self._store.permissions(role.name)
        if not self._dry_run:
            if is_new:
                self._store.add_role(role.name)
            for permission in sorted(wanted - found):
                self._store.grant(role.name, permission)
            # A right to the same keys has taken the place of the one before.
            kept = {permission[1:] for permission in wanted}
            for permission in sorted(found - wanted):
                if permission[1:] not in kept:
                    self._store.revoke(role.name, permission)
        if is_new:
            yield f"role {role.name} made: {_rights(role)}"
        elif found != wanted:
            more, less = len(wanted - found), len(found - wanted)
            yield f"role {role.name} changed: {more} rights more, {less} less"

    def _user(self, user: User) -> Iterator[str]:
        password = self._passwords.read(user.name)
        # That of root was made, or its making told, before.
        if password is None and user.name != ROOT:
            yield f"password of user {user.name} made: {self._passwords.file(user.name)}"
            if not self._dry_run:
                password = self._passwords.make(user.name)
        if user.name not in self._users:
            has: set[str] = set()
            if not self._dry_run and password is not None:
                self._store.add_user(user.name, password)
            yield f"user {user.name} made, with {', '.join(user.roles)}"
        else:
            has = self._store.roles_of(user.name)
            yield from self._set_password(user.name, password)
        for role in user.roles:
            if role in has:
                continue
            if not self._dry_run:
                self._store.add_to_role(user.name, role)
            if user.name in self._users:
                yield f"user {user.name} given role {role}"
        for role in sorted(has.difference(user.roles)):
            self._note(f"user {user.name} also has role {role}, which stays")

    def _set_password(self, user: str, password: str | None) -> Iterator[str]:
        # Where users are not enforced, etcd does not say whether a password is right.
        is_right = password is not None and self._enforced and self._store.knows(user, password)
        if is_right:
            return
        if not self._dry_run and password is not None:
            self._store.set_password(user, password)
        yield f"password of user {user} set to that in {self._passwords.file(user)}"


def _rights(role: Role) -> str:
    if role.reads_all:
        return "reads everything"
    return f"writes {len(role.writes)} ranges of keys" if role.writes else "may do everything"
