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
_dry_run = click.option("--dry-run", is_flag=True, help="Print the changes without making them.")


@click.group()
def secure_etcd() -> None:
    """Create the TLS certificates and the users of etcd.

    Both commands are idempotent. Secrets are written to files that only their owner can read,
    and are never printed.
    """


@secure_etcd.command()
@_directory
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="NAME=HOST,...",
    help="Member of etcd, with all its host names and addresses.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="NAME",
    help="Client of etcd, or a group of clients with a common certificate. Rights depend on "
    "logins, not on certificates.",
)
@click.option(
    "--days",
    type=click.IntRange(31, 3650),
    default=365,
    show_default=True,
    help="Validity in days.",
)
@_dry_run
def certificates(
    directory: Path, servers: tuple[str, ...], clients: tuple[str, ...], days: int, dry_run: bool
) -> None:
    """Create a certificate authority in DIRECTORY, and certificates signed by it.

    Certificates that expire within 30 days or are for other names are replaced.
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
        _print_steps(certify(directory, wanted, days=days, dry_run=dry_run), dry_run)
    except (SecurityError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@secure_etcd.command()
@_directory
@click.option(
    "--subarrays", type=click.IntRange(0, 99), default=1, show_default=True, help="Number."
)
@click.option("--prefix", default="", help="Prefix of all paths, e.g. /test.")
@_dry_run
def users(directory: Path, subarrays: int, prefix: str, dry_run: bool) -> None:
    """Create a user for each component, and enable authentication.

    Uses the etcd at SDP_CONFIG_HOST, with the other variables of ska-sdp. Each user has a
    password file of its name in DIRECTORY; missing ones are created. If authentication is
    enabled already, the password file of root must exist.
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
        _print_steps(steps, dry_run)
    except (SecurityError, ConfigConnectionError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _checked(name: str, option: str) -> str:
    if not _NAME.fullmatch(name):
        raise click.ClickException(
            f"{option} {name!r} cannot name a file: use letters, digits and _.-"
        )
    return name


def _print_steps(steps: Iterable[str], dry_run: bool) -> None:
    count = 0
    for step in steps:
        count += 1
        click.echo(f"{'would change: ' if dry_run else ''}{step}")
    click.echo(f"{count} change{'' if count == 1 else 's'}")
