"""The command ``ska-sdp-lmc dashboard``."""

from __future__ import annotations

from pathlib import Path

import click

from ska_sdp_lmc.extras import require
from ska_sdp_lmc.ops.options import prefix_option, registered_devices, subarrays_option

__all__ = ["dashboard"]

NAMES = ("overview", "subarray")


@click.command()
@click.argument("name", type=click.Choice(NAMES), required=False)
@prefix_option
@subarrays_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write sdp-NAME.wj of each dashboard, or of the one that is named, into DIR.",
)
def dashboard(name: str | None, prefix: str, subarrays: int, output: Path | None) -> None:
    """Write the dashboards of Taranta for the devices: overview, and subarray.

    The overview has the controller and all subarrays; the other shows the subarray that its user
    picks. Without --output, write the named one to standard output.
    """
    require("ska-sdp-lmc dashboard", "tango")
    from ska_sdp_lmc.ops.dashboards.files import dashboards

    if output is None and name is None:
        raise click.UsageError(f"Name a dashboard, {' or '.join(NAMES)}, or give --output DIR.")
    texts = dashboards(registered_devices(prefix, subarrays))
    if output is None:
        click.echo(texts[str(name)], nl=False)
        return
    for each in (name,) if name else NAMES:
        _write(texts[each], output / f"sdp-{each}.wj")


def _write(text: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise click.ClickException(
            f"cannot write {path}: {error.strerror}; give another DIR to --output"
        ) from error
    click.echo(path)
