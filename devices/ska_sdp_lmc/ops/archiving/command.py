"""The commands ``ska-sdp-lmc archiving`` and ``ska-sdp-lmc alarm-rules``."""

from __future__ import annotations

import re
from pathlib import Path

import click
import yaml

from ska_sdp_lmc.extras import require
from ska_sdp_lmc.ops.archiving.tango_host import TangoHost
from ska_sdp_lmc.ops.options import prefix_option, registered_devices, subarrays_option

__all__ = ["alarm_rules", "archiving"]

_DEVICE_NAME = re.compile(r"[\w.-]+(/[\w.-]+){2}", re.ASCII)


def _parse_host(_context: click.Context, _option: click.Parameter, text: str) -> TangoHost:
    try:
        return TangoHost.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _check_device_name(
    _context: click.Context, _option: click.Parameter, name: str | None
) -> str | None:
    if name is not None and not _DEVICE_NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} is not a device name: expected DOMAIN/FAMILY/MEMBER, e.g. mid-eda/cm/01"
        )
    return name


_host = click.option(
    "--host",
    required=True,
    envvar="TANGO_HOST",
    show_envvar=True,
    metavar="HOST[:PORT]",
    callback=_parse_host,
    help="Address of the Tango database for the archiver and the alarm handler; port 10000 by "
    "default.",
)
_output = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to FILE instead of standard output.",
    metavar="FILE",
)


@click.command()
@click.option(
    "--form",
    type=click.Choice(["1", "2"]),
    required=True,
    help="1 for yaml2archiving, 2 for the archiver's chart 5 with is_auto_config_format_new.",
)
@prefix_option
@subarrays_option
@_host
@click.option(
    "--manager",
    metavar="DEVICE",
    callback=_check_device_name,
    help="Configuration manager of the archiver.  [default: PREFIX-eda/cm/01]",
)
@click.option(
    "--archiver",
    metavar="DEVICE",
    callback=_check_device_name,
    help="Event subscriber of the archiver.  [default: PREFIX-eda/es/01]",
)
@_output
def archiving(
    form: str,
    prefix: str,
    subarrays: int,
    host: TangoHost,
    manager: str | None,
    archiver: str | None,
    output: Path | None,
) -> None:
    """Write the archiver's configuration for the devices, as YAML.

    Form 1 names classes, so it is the same for any number of subarrays, and is for all devices of
    these classes in the Tango database. Form 2 names each attribute of each device.
    """
    require("ska-sdp-lmc archiving", "tango")
    from ska_sdp_lmc.ops.archiving.attributes import archived_devices
    from ska_sdp_lmc.ops.archiving.documents import Archiver, to_form_1, to_form_2

    devices = list(archived_devices(registered_devices(prefix, subarrays)))
    site = Archiver(host, manager or f"{prefix}-eda/cm/01", archiver or f"{prefix}-eda/es/01")
    to_form = {"1": to_form_1, "2": to_form_2}[form]
    _write(yaml.safe_dump(to_form(site, devices), sort_keys=False), output)


@click.command()
@prefix_option
@subarrays_option
@_host
@_output
def alarm_rules(prefix: str, subarrays: int, host: TangoHost, output: Path | None) -> None:
    """Write rules on the devices for the alarm handler, one a line."""
    require("ska-sdp-lmc alarm-rules", "tango")
    from ska_sdp_lmc.ops.archiving.alarm_rules import alarm_rules as rules

    lines = rules(host, registered_devices(prefix, subarrays))
    _write("".join(f"{line}\n" for line in lines), output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise click.ClickException(
            f"cannot write {output}: {error.strerror}; give another FILE to --output"
        ) from error
