"""``ska-sdp end``: finish or cancel an execution block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ska_sdp_config.cli.advice import way_to_edit, way_to_get
from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.entry import state_of_eb, timestamp
from ska_sdp_config.cli.errors import Failed, NotFound
from ska_sdp_config.cli.group import Group
from ska_sdp_config.cli.in_use import users_of_change
from ska_sdp_config.cli.objects import EB, PB
from ska_sdp_config.cli.options import COMMON, DRY_RUN_VALUES, YES, flag
from ska_sdp_config.cli.output import Change, Difference, Printer
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.cli.suggestions import nothing_at
from ska_sdp_config.cli.targets import check_id, id_argument, make_object_command
from ska_sdp_config.lmc.statuses import EB_ENDED

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.transaction import Transaction

__all__ = ["command"]


@contextmanager
def _named(path: str, prefix: str) -> Iterator[None]:
    """Raise Failed with the path if the value read in the body is not JSON."""
    try:
        yield
    except ValueError as exc:
        raise Failed(
            f"The value of {path} is not JSON: "
            f"correct it with '{way_to_edit(path, prefix, force=True)}'."
        ) from exc


def _end_eb(key: str, cancel: bool, yes: bool, dry_run: bool, out: Printer, prefix: str) -> None:
    check_id(key)
    path = EB.path(prefix, key)
    confirmation = Confirmation(yes=yes, dry_run=dry_run, quiet=out.quiet)

    def end(config: Config, txn: Transaction) -> list[Difference]:
        stored = txn.get_many([path, f"{path}/state"])
        state = txn.execution_block.state(key)
        with _named(path, prefix):
            eb = txn.get_execution_block(key)
        with _named(f"{path}/state", prefix):
            known = state.get()
        if eb is None:
            absence = "There is no execution block at {}"
            raise NotFound(nothing_at(config.backend, path, EB, absence))
        for each, value in ((path, eb), (f"{path}/state", {} if known is None else known)):
            if not isinstance(value, dict):
                raise Failed(
                    f"The value of {each} is not a mapping: "
                    f"correct it with '{way_to_edit(each, prefix, force=False)}'."
                )
        if eb.get("status") in EB_ENDED:
            raise Failed(
                f"The execution block {key} is {eb['status']} already: "
                f"'{way_to_get(EB, key, prefix)}' shows it."
            )
        verb = "Cancel" if cancel else "Finish"
        confirmation.check(f"{verb} {path}?", lambda: users_of_change(txn.raw, path))
        eb = {**eb, "status": EB_ENDED[cancel], "last_updated": timestamp()}
        txn.update_execution_block(key, eb)
        state.create_or_update(state_of_eb(known or {}, eb))
        written = txn.get_many(stored)
        return [Difference(verb.lower(), each, stored[each], written[each]) for each in stored]

    differences = confirmation.run(lambda ctrl_c: open_config(prefix, ctrl_c), end)
    if dry_run:
        out.differences(differences, 0)
    else:
        out.changes([Change("cancelled" if cancel else "finished", path)], 0)


OPTIONS: list[click.Parameter] = [
    flag("-c", "--cancel", text="Cancel it instead of finishing it."),
    YES,
    DRY_RUN_VALUES,
]

command = Group(
    name="end",
    help="End an execution block.",
    usage=["eb ID [options]"],
    params=[*OPTIONS, *COMMON],
    unsupported={
        PB.name: "'end' ends only execution blocks, e.g. that of the processing block: 'ska-sdp "
        "end eb ID'. The status of a processing block alone is set with 'ska-sdp update pb-state "
        "ID VALUE'."
    },
    commands=[
        make_object_command(
            EB,
            _end_eb,
            [id_argument(EB), *OPTIONS],
            "End an execution block: set its status to FINISHED, or with -c to CANCELLED. On a "
            "terminal, one that a subarray links only after confirmation.",
        )
    ],
)
