"""``ska-sdp load``: restore the database from a dump."""

from __future__ import annotations

import click

from ska_sdp_config.cli.errors import rejecting
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.options import ATOMIC, DRY_RUN_VALUES, flag
from ska_sdp_config.cli.output import Printer
from ska_sdp_config.cli.session import check_connection
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import depth_of_path
from ska_sdp_config.store.redaction import redact_userinfo

__all__ = ["command"]


def _load(
    source: str,
    sync: bool,
    everything: bool,
    dry_run: bool,
    atomic: bool,
    force: bool,
    out: Printer,
    prefix: str,
) -> None:
    check_connection()
    from ska_sdp_config.cli.bulk import Goal, execute_goal, preview
    from ska_sdp_config.cli.documents import parse
    from ska_sdp_config.cli.dump_file import MAX_BYTES, is_owner, read_dump
    from ska_sdp_config.cli.source import read_text

    text = read_text(source, max_bytes=MAX_BYTES)
    with rejecting(redact_userinfo(source)):
        dumped = read_dump(parse(text), prefix, force=force)
    root = f"{prefix}/"
    wanted: dict[str, str | None] = {
        path: dumped[path]
        for path in sorted(dumped)
        if path.startswith(root) and (everything or not is_owner(path))
    }
    is_surplus = (lambda path: not is_owner(path)) if sync else None
    goal = Goal(root, wanted, MAX_DEPTH - depth_of_path(root), is_surplus)
    if dry_run:
        out.differences(*preview(goal, prefix))
    else:
        execute_goal(goal, prefix, out, atomic=atomic)


command = make_command(
    "load",
    _load,
    [
        click.Argument(["source"], metavar="FILE-OR-URL", type=click.Path()),
        flag("--sync", text="Delete keys not in the input, except owners."),
        flag("-a", "--all", "everything", text="Include owners, which belong to processes."),
        DRY_RUN_VALUES,
        ATOMIC,
        flag("--force", text="Skip validation of the values."),
    ],
    help="Restore all keys, or those below --prefix, from a dump. Keys that are not in the file "
    "are kept, unless --sync is given. An invalid file changes nothing. If it exceeds one "
    "transaction it is written in batches; run it again to finish after an error.",
)
