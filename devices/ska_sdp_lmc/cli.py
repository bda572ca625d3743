"""The command ``ska-sdp-lmc``: local stack, and tools for operators."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ska_sdp_config.cli.terminal import guard_streams
from ska_sdp_lmc.extras import is_installed, require
from ska_sdp_lmc.ops.archiving.command import alarm_rules, archiving
from ska_sdp_lmc.ops.dashboards.command import dashboard
from ska_sdp_lmc.ops.secure_etcd.command import secure_etcd
from ska_sdp_lmc.ops.web import web as web_page


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ska-sdp-lmc")
def main() -> None:
    """Local monitoring and control of the SDP, on one machine."""
    # The output includes names from databases, which may contain control characters.
    guard_streams()


@main.command()
@click.option("--subarrays", type=int, default=1, show_default=True, help="Number of subarrays.")
@click.option(
    "--prefix", default="test", show_default=True, help="Device names begin with PREFIX-sdp/."
)
@click.option("--no-sim", is_flag=True, help="Do not start the simulator of the rest of the SDP.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep data and logs in DIR, and continue with existing ones.",
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the environment variables of the stack to FILE, as shell commands, once it is up.",
)
@click.option("--health", is_flag=True, help="Serve the health endpoint of each server over HTTP.")
@click.option(
    "--web/--no-web",
    default=None,
    help="Serve the web page.  [default: --web if its extra is installed]",
)
@click.option(
    "--restart", is_flag=True, help="Restart a part that exits, instead of stopping the stack."
)
@click.option(
    "--port-base",
    type=int,
    metavar="N",
    help="First of the fixed ports: N for etcd, N+1 for the Tango database, then four per device "
    "server, controller first: Tango, heartbeat, events, health; then the web page.",
)
@click.option("--demo", is_flag=True, help="Run the demo on the stack, then stop it.")
def up(
    subarrays: int,
    prefix: str,
    no_sim: bool,
    directory: Path | None,
    env_file: Path | None,
    health: bool,
    web: bool | None,
    restart: bool,
    port_base: int | None,
    demo: bool,
) -> None:
    """Start etcd, a Tango database, the devices and a simulator of the rest of the SDP."""
    require("ska-sdp-lmc up", "tango", "local", *(("web",) if web else ()))
    from ska_sdp_lmc.ops.tango_db.data import DataError
    from ska_sdp_sim.stack import Layout, StartError
    from ska_sdp_sim.stack.directory import DirectoryInUse
    from ska_sdp_sim.stack.port_plan import PortError
    from ska_sdp_sim.stack.up import up as run

    layout = Layout(
        subarrays=subarrays,
        prefix=prefix,
        simulate=not no_sim,
        health=health,
        web=is_installed("web") if web is None else web,
        port_base=port_base,
    )
    try:
        code = run(
            layout,
            directory=directory,
            env_path=env_file,
            demonstrate=demo,
            restart=restart,
            echo=click.echo,
        )
    except (DataError, DirectoryInUse, PortError, StartError, OSError) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(code)


@main.command()
@click.option("--subarray", default="01", show_default=True, help="Subarray to use.")
@click.option("--prefix", default="test", show_default=True, help="Prefix of the device names.")
def demo(subarray: str, prefix: str) -> None:
    """Run one observation on the stack at TANGO_HOST and SDP_CONFIG_HOST."""
    require("ska-sdp-lmc demo", "tango")
    from ska_sdp_sim.demo.run import run

    sys.exit(run(prefix, subarray))


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sim(arguments: tuple[str, ...]) -> None:
    """Simulate the rest of the SDP on the database at SDP_CONFIG_HOST."""
    from ska_sdp_sim.cli import main as simulate

    simulate(list(arguments), prog_name="ska-sdp-lmc sim")


@main.command()
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--subarrays", type=int, help="Number of subarrays, by default those of FILE.")
@click.option("--prefix", help="Device names begin with PREFIX-sdp/, by default as in FILE.")
@click.option("--dry-run", is_flag=True, help="Print the changes without making them.")
def register(file: Path | None, subarrays: int | None, prefix: str | None, dry_run: bool) -> None:
    """Register the devices of FILE, in dsconfig format, in the Tango database at TANGO_HOST."""
    require("ska-sdp-lmc register", "tango")
    import tango

    from ska_sdp_lmc.ops.tango_db.data import PACKAGED, DataError, expand, read
    from ska_sdp_lmc.ops.tango_db.register import register as run

    try:
        data = expand(read(file or PACKAGED), subarrays=subarrays, prefix=prefix)
        changes = run(tango.Database(), data.devices(), dry_run=dry_run)
    except DataError as error:
        raise click.ClickException(str(error)) from error
    except tango.DevFailed as error:
        raise click.ClickException(f"the Tango database: {error.args[0].desc.strip()}") from error
    for change in changes:
        click.echo(f"{'would change: ' if dry_run else ''}{change}")
    click.echo(f"{len(changes)} change{'' if len(changes) == 1 else 's'}")


main.add_command(archiving)
main.add_command(alarm_rules)
main.add_command(dashboard)
main.add_command(secure_etcd)
main.add_command(web_page)


if __name__ == "__main__":
    main()
