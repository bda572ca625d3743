"""The command ``ska-sdp-lmc secure-etcd``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from ska_sdp_lmc.extras import require

__all__ = ["secure_etcd"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

_directory = click.argument(
    "directory", type=click.Path(file_okay=False, writable=True, path_type=Path)
)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group()
def secure_etcd() -> None:
    """Make etcd's certificates, and its users.

    Both can be run again at any time: what is as it should be stays. Secrets are written to
    files that nobody but their owner can read, and are never printed.
    """


@secure_etcd.command()
@_directory
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="NAME=HOST,...",
    help="A member of etcd, with all names and addresses by which it is reached.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="NAME",
    help="A client of etcd, or several that share a certificate. Who may do what is decided by "
    "their logins.",
)
@click.option(
    "--days", type=click.IntRange(31, 3650), default=365, show_default=True, help="They last."
)
@_dry_run
def certificates(
    directory: Path, servers: tuple[str, ...], clients: tuple[str, ...], days: int, dry_run: bool
) -> None:
    """Make an authority in DIRECTORY, and the certificates that it signs.

    Those that have less than 30 days left, or are for other names, are made anew.
    """
    require("ska-sdp-lmc secure-etcd certificates", "secure")
    from ska_sdp_lmc.ops.secure_etcd.certificates import Client, Server, certify
    from ska_sdp_lmc.ops.secure_etcd.files import SecurityError

    wanted: list[Server | Client] = []
    for text in servers:
        name, _, hosts = text.partition("=")
        names = tuple(filter(None, (host.strip() for host in hosts.split(",")))) or (name,)
        wanted.append(Server(_checked(name, "--server"), names))
    wanted += [Client(_checked(name, "--client")) for name in clients]
    try:
        _tell(certify(directory, wanted, days=days, dry_run=dry_run), dry_run)
    except (SecurityError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@secure_etcd.command()
@_directory
@click.option(
    "--subarrays", type=click.IntRange(0, 99), default=1, show_default=True, help="How many."
)
@click.option("--prefix", default="", help="Path before all of the system's, such as /test.")
@_dry_run
def users(directory: Path, subarrays: int, prefix: str, dry_run: bool) -> None:
    """Make a user for each component, and let nobody in without a login.

    The etcd is the one that SDP_CONFIG_HOST and the other variables of ska-sdp lead to. The
    password of each user is in the file of DIRECTORY that is named as the user; those that are
    missing are made. If the server enforces users already, that of root must be there.
    """
    from ska_sdp_config.store.errors import ConfigConnectionError
    from ska_sdp_lmc.ops.secure_etcd.files import SecurityError
    from ska_sdp_lmc.ops.secure_etcd.passwords import Passwords
    from ska_sdp_lmc.ops.secure_etcd.rights import plan
    from ska_sdp_lmc.ops.secure_etcd.users import secure

    try:
        wanted = plan((f"{number:02d}" for number in range(1, subarrays + 1)), prefix)
        steps = secure(
            wanted,
            Passwords(directory),
            dry_run=dry_run,
            note=lambda text: click.echo(f"note: {text}", err=True),
        )
        _tell(steps, dry_run)
    except (SecurityError, ConfigConnectionError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _checked(name: str, option: str) -> str:
    if not _NAME.fullmatch(name):
        raise click.ClickException(
            f"{option} {name!r} cannot name a file: use letters, digits and _.-"
        )
    return name


def _tell(steps: Iterable[str], dry_run: bool) -> None:
    count = 0
    for step in steps:
        count += 1
        click.echo(f"{'would change: ' if dry_run else ''}{step}")
    click.echo(f"{count} change{'' if count == 1 else 's'}")
