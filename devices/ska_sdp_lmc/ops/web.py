"""The command ``ska-sdp-lmc web``."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import click

from ska_sdp_lmc.extras import require
from ska_sdp_lmc.messages.examples import example

__all__ = ["DEFAULT_PORT", "web"]

DEFAULT_PORT = 8080

_EXAMPLES = {
    "AssignResources": "assignres-1.0",
    "ReleaseResources": "releaseres-1.0",
    "Configure": "configure-1.0",
    "Scan": "scan-1.0",
}
"""Examples of the messages, by command."""

_DEVICE_PREFIX = re.compile(r"[A-Za-z0-9_-]+")
_PATH_PREFIX = re.compile(r"(/[^/\s]+)*/?")


def _check_prefix(_context: click.Context, _option: click.Parameter, text: str) -> str:
    if not _DEVICE_PREFIX.fullmatch(text):
        raise click.BadParameter(
            f"{text!r} is invalid in a device name: use letters, digits, '_' and '-'"
        )
    return text


def _check_path_prefix(_context: click.Context, _option: click.Parameter, text: str) -> str:
    if not _PATH_PREFIX.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no path: expected e.g. /test")
    return text.rstrip("/")


@click.command()
@click.option(
    "--bind",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; 0.0.0.0 for all of this machine.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0 for a free one, which is printed.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Show the page only to viewers who log in with the token in FILE, of at least 16 "
    "characters.",
)
@click.option(
    "--allow-commands",
    is_flag=True,
    help="Let viewers send the commands that the state of a subarray allows; requires "
    "--token-file, and TANGO_HOST in the environment.",
)
@click.option(
    "--prefix",
    default="test",
    show_default=True,
    callback=_check_prefix,
    help="Names of the devices that commands go to begin with PREFIX-sdp/.",
)
@click.option(
    "--path-prefix",
    default="",
    metavar="PREFIX",
    callback=_check_path_prefix,
    help="Prefix of the paths of all objects in the configuration database, e.g. /test.",
)
@click.option(
    "--allowed-host",
    multiple=True,
    metavar="NAME",
    help="Name under which viewers reach the page, e.g. that of an Ingress; a leading dot allows "
    "subdomains. localhost, the host name of this machine and addresses are always allowed. "
    "Repeatable.",
)
@click.option(
    "--frame-ancestor",
    multiple=True,
    metavar="URL",
    help="Site whose pages may embed this one, e.g. https://taranta.example. With --token-file "
    "only a site of the same domain: browsers send the cookie to no other. Repeatable.",
)
def web(
    bind: str,
    port: int,
    token_file: Path | None,
    allow_commands: bool,
    prefix: str,
    path_prefix: str,
    allowed_host: tuple[str, ...],
    frame_ancestor: tuple[str, ...],
) -> None:
    """Serve a web page that shows the system, of the database at SDP_CONFIG_HOST."""
    require("ska-sdp-lmc web", "web", *(("tango",) if allow_commands else ()))
    from ska_sdp_config.backends import backend_name, connect
    from ska_sdp_web.server import run
    from ska_sdp_web.settings import Settings, SettingsError, read_token

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        token, warning = read_token(token_file) if token_file is not None else (None, "")
        settings = Settings(
            bind=bind,
            port=port,
            allow_commands=allow_commands,
            token=token,
            prefix=path_prefix,
            tango_prefix=prefix,
            frame_ancestors=frame_ancestor,
            allowed_hosts=allowed_host,
            examples={command: example(name) for command, name in _EXAMPLES.items()},
        )
        backend = connect(backend_name())
    except (SettingsError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    with backend:
        try:
            run(settings, backend, click.echo)
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {bind}, port {port}: {error.strerror or error}; choose another "
                "--bind or --port"
            ) from error
