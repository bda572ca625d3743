"""``ska-sdp load``: restore the database from a dump."""

from __future__ import annotations

import click

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import AS_IS, ATOMIC, COMMON, DIFFERENCES, OWNERS, SYNC_ALL
from ska_sdp_config.cli.printers import make_printer
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import depth_of_path

__all__ = ["command"]


def _load(
    source: str,
    sync: bool,
    everything: bool,
    dry_run: bool,
    atomic: bool,
    force: bool,
    prefix: str,
    output: str | None,
    quiet: bool,
) -> None:
    from ska_sdp_config.cli.bulk import Goal
    from ska_sdp_config.cli.dump_file import is_owner
    from ska_sdp_config.cli.execute import execute_goal, preview

    out = make_printer(output, quiet)
    root = f"{prefix}/"
    goal = Goal(
        root,
        {
            path: text
            for path, text in sorted(_read(source, prefix, force).items())
            if path.startswith(root) and (everything or not is_owner(path))
        },
        MAX_DEPTH - depth_of_path(root),
        (lambda path: not is_owner(path)) if sync else None,
    )
    if dry_run:
        out.differences(*preview(goal, prefix))
    else:
        execute_goal(goal, prefix, out, atomic=atomic, quiet=quiet)


def _read(source: str, prefix: str, force: bool) -> dict[str, str]:
    from ska_sdp_config.cli.documents import parse
    from ska_sdp_config.cli.dump_file import MAX_BYTES, read_dump
    from ska_sdp_config.cli.source import read_text

    text = read_text(source, max_bytes=MAX_BYTES)
    try:
        return read_dump(parse(text), prefix, force=force)
    except ValueError as exc:
        raise Failed(f"{source} was rejected, nothing was changed: {exc}.") from exc


command = click.Command(
    "load",
    params=[
        click.Argument(["source"], metavar="FILE-OR-URL", type=click.Path()),
        SYNC_ALL,
        OWNERS,
        DIFFERENCES,
        ATOMIC,
        AS_IS,
        *COMMON,
    ],
    callback=_load,
    context_settings=HELP,
    help="Restore all keys, or those below --prefix, from a dump. Keys that are not in the file "
    "are kept, unless --sync is given. An invalid file changes nothing. If it exceeds one "
    "transaction it is written in batches; run it again to finish after an error.",
)
