"""Options of commands that write files for the devices of a site."""

from __future__ import annotations

import click

from ska_sdp_lmc.ops.tango_db.data import DataError, Registration, expand, read

__all__ = ["prefix_option", "registered_devices", "subarrays_option"]

prefix_option = click.option(
    "--prefix", default="test", show_default=True, help="Device names begin with PREFIX-sdp/."
)
subarrays_option = click.option(
    "--subarrays", type=int, default=1, show_default=True, help="Number of subarrays."
)


def registered_devices(prefix: str, subarrays: int) -> list[Registration]:
    """Return the controller and the subarrays.

    Raises:
        click.ClickException: invalid prefix or number.
    """
    try:
        return list(expand(read(), subarrays=subarrays, prefix=prefix).devices())
    except DataError as error:
        raise click.ClickException(str(error)) from error
