"""``ska-sdp dump``: write the database, or a part of it, to a file."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import COMMON, OUTPUT, flag
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.printers import make_printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import depth_of_path
from ska_sdp_config.whole_file import whole_file

__all__ = ["command"]


def _dump(file: str, everything: bool, prefix: str, output: str | None, quiet: bool) -> None:
    from ska_sdp_config.cli.dump_file import is_owner, split

    out = make_printer(output or ("json" if file.endswith(".json") else "yaml"), quiet)
    root = f"{prefix}/"
    entries: dict[str, str] = {}
    with open_backend() as backend:
        for txn in backend.txn():
            entries = dict(txn.list_values(root, range(MAX_DEPTH - depth_of_path(root) + 1)))
    if not everything:
        entries = {path: text for path, text in entries.items() if not is_owner(path)}
    if file == "-":
        out.dump(split(entries))
        return
    path = Path(file)
    try:
        with (
            whole_file(path) as whole,
            whole.open("w", encoding="utf-8") as stream,
            contextlib.redirect_stdout(stream),
        ):
            out.dump(split(entries))
    except OSError as exc:
        raise Failed(f"Cannot write {file}: {exc.strerror or exc}; check the path.") from exc
    if not quiet:
        note(f"{len(entries)} keys are in {file}.")


command = click.Command(
    "dump",
    params=[
        click.Argument(["file"], default="-", metavar="[FILE]", type=click.Path()),
        flag("-a", "--all", "everything", text="Include owners, which belong to processes."),
        *(each for each in COMMON if each is not OUTPUT),
        click.Option(
            ["-o", "--output"],
            type=OUTPUT.type,
            help="Output format; by default JSON if FILE ends in .json, otherwise YAML.",
        ),
    ],
    callback=_dump,
    context_settings=HELP,
    help="Write all keys with their values, or those below --prefix, to FILE or to standard "
    "output: as YAML, or as JSON if FILE ends in .json or with -o json. Owners are included only "
    "with -a: they belong to running processes.",
)
