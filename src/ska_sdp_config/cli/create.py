"""``ska-sdp create``: create a key or object, or a processing block that runs a script."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ska_sdp_config.cli.complete import complete_ids
from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.entry import (
    check_object,
    check_status,
    state_of_eb,
    timestamp,
    update_state_of_eb,
)
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.objects import (
    ALLOCATION,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    REQUEST,
    RESOURCE,
    SCRIPT,
    SYSTEM,
    SdpObject,
    locate,
)
from ska_sdp_config.cli.options import COMMON, DRY_RUN_VALUES, EB_PARAMETERS, FORCE
from ska_sdp_config.cli.output import Difference, Printer, note
from ska_sdp_config.cli.session import check_connection, open_backend, open_config
from ska_sdp_config.cli.source import argument_text, argument_value
from ska_sdp_config.cli.suggestions import similar_name
from ska_sdp_config.cli.targets import KEY, KeyGroup, check_depth_of_key, make_object_command
from ska_sdp_config.store.errors import ConfigCollision
from ska_sdp_config.store.redaction import quoted_redacted

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn
    from ska_sdp_config.entity import Script
    from ska_sdp_config.transaction import Transaction

__all__ = ["command"]

PLAIN = (EB, FLOW, DEPENDENCY, RESOURCE, REQUEST, ALLOCATION)
"""Objects that are created with an ID and a value."""

CREATED = (SCRIPT, DEPLOYMENT, *PLAIN)
"""Objects that are created with an ID of the user's choice."""

GENERATOR = "sdpcli"
"""Generator part of the IDs of new blocks."""


def _check_new_id(kind: SdpObject, key: str, hint: str = "") -> None:
    from ska_sdp_config.cli.validity import check_new_id

    try:
        check_new_id(kind, key)
    except ValueError as exc:
        raise click.UsageError(f"{exc}{hint}") from exc


def _create(
    path: str,
    text: str,
    key: str,
    out: Printer,
    prefix: str,
    dry_run: bool,
    *,
    verbatim: bool = False,
) -> None:
    def create(_: Backend, txn: Txn) -> list[Difference]:
        if not verbatim:
            check_object(txn, path, prefix)
            check_status(path, text, None, prefix)
        txn.create(path, text)
        # A deleted execution block of the same ID may have left its state behind.
        of_state = update_state_of_eb(txn, path, text, prefix)
        return [Difference("create", path, None, text), *([of_state] if of_state else [])]

    try:
        differences = Confirmation(yes=True, dry_run=dry_run).run(open_backend, create)
    except ConfigCollision as exc:
        raise Failed(f"{path} exists already: use 'ska-sdp update' to change it.") from exc
    if dry_run:
        out.differences(differences, 0)
    else:
        _print_created(out, [path], [key])


def _print_created(out: Printer, paths: list[str], ids: list[str]) -> None:
    """Print the created entries.

    Raises:
        Failed: the output failed; names the paths, which the user cannot find out otherwise.
    """
    try:
        out.created(paths, ids)
        sys.stdout.flush()
    except OSError as exc:
        reason = exc.strerror or exc
        raise Failed(f"Created {' and '.join(paths)}, but cannot print it: {reason}.") from exc


def _create_key(
    key: str, value: str, force: bool, out: Printer, prefix: str, dry_run: bool
) -> None:
    try:
        check_depth_of_key(key)
    except ValueError as exc:
        raise click.UsageError(f"{exc}.") from exc
    check_connection()
    from ska_sdp_config.cli.validity import stored_text

    if force:
        text = argument_text(value)
    else:
        place = locate(key, prefix)
        if place is not None and place.kind == PB and not place.part:
            raise Failed(
                f"{key} was not created: a processing block is created to run a script; "
                "try 'ska-sdp create pb -h', or --force."
            )
        if place is not None and place.kind in CREATED and not place.part:
            _check_new_id(place.kind, place.key, " Use --force to skip validation.")
        given = argument_value(value, f"The value for {key}")
        text = stored_text(key, given, prefix, is_new=True)
    _create(key, text, key, out, prefix, dry_run, verbatim=force)


def _create_object(
    kind: SdpObject, key: str, value: Any, out: Printer, prefix: str, dry_run: bool
) -> None:
    check_connection()
    from ska_sdp_config.cli.validity import stored_text

    _check_new_id(kind, key)
    path = kind.path(prefix, key)
    _create(path, stored_text(path, value, prefix, is_new=True), key, out, prefix, dry_run)


def _create_deployment(key: str, deployment_kind: str, parameters: str, **options: Any) -> None:
    args = argument_value(parameters, "The parameters of the deployment")
    _create_object(
        DEPLOYMENT,
        key,
        {"key": key, "dpl_id": key, "kind": deployment_kind, "args": args},
        **options,
    )


def _mapping(given: str, what: str) -> dict[str, Any]:
    value = argument_value(given, what)
    if not isinstance(value, dict):
        raise Failed(f"{what} were rejected, nothing was changed: not a mapping of fields.")
    return value


class _NewBlocks(NamedTuple):
    """Blocks to run a script: the processing block, and its execution block if there is one."""

    ids: list[str]
    paths: list[str]
    texts: dict[str, str | None]
    missing_script: str
    """Warning about a missing script; empty if it exists."""


def _create_pb(
    script: str,
    parameters: str | None,
    eb_parameters: str | None,
    out: Printer,
    prefix: str,
    dry_run: bool,
) -> None:
    check_connection()
    from ska_sdp_config.entity import ProcessingBlock, Script

    _check_new_id(SCRIPT, script)
    if parameters == eb_parameters == "-":
        raise click.UsageError("Standard input can be used only once: pass one of them as @FILE.")
    given = _mapping(parameters, "The parameters") if parameters is not None else {}
    eb_given = None
    if eb_parameters is not None:
        eb_given = _mapping(eb_parameters, "The parameters of the execution block")
    key = Script.Key.from_text(script)

    def create(config: Config, txn: Transaction) -> _NewBlocks:
        pb_id = txn.new_processing_block_id(GENERATOR)
        eb_id = None if eb_given is None else txn.new_execution_block_id(GENERATOR)
        txn.processing_block.create(ProcessingBlock(pb_id, eb_id, key, given, []))
        if eb_given is not None and eb_id is not None:
            _create_eb(txn, eb_id, eb_given, pb_id, key, prefix)
        ids = [pb_id] if eb_id is None else [pb_id, eb_id]
        paths = [kind.path(prefix, each) for kind, each in zip((PB, EB), ids, strict=False)]
        states = [f"{path}/state" for path in paths[1:]]
        missing = "" if txn.script.exists(key) else _missing_script(config, script, prefix)
        return _NewBlocks(ids, paths, txn.get_many([*paths, *states]), missing)

    new = Confirmation(yes=True, dry_run=dry_run).run(
        lambda ctrl_c: open_config(prefix, ctrl_c), create
    )
    if new.missing_script and not out.quiet:
        note(new.missing_script)
    if dry_run:
        out.differences(
            [Difference("create", path, None, text) for path, text in new.texts.items()], 0
        )
    else:
        _print_created(out, new.paths, new.ids)


def _missing_script(config: Config, script: str, prefix: str) -> str:
    found = similar_name(config.backend, SCRIPT.path(prefix, script), SCRIPT)
    meant = f"did you mean {found!r}? Otherwise " if found else ""
    return (
        f"Script {script} does not exist, and the processing block will fail: {meant}import the "
        "script, then create another block."
    )


def _create_eb(
    txn: Transaction,
    eb_id: str,
    given: dict[str, Any],
    pb_id: str,
    script: Script.Key,
    prefix: str,
) -> None:
    """Create the execution block of a new processing block, and its state.

    Raises:
        Failed: the parameters are invalid for an execution block.
    """
    from ska_sdp_config.cli.validity import stored_text
    from ska_sdp_config.lmc.new_eb import new_eb_fields
    from ska_sdp_config.lmc.statuses import EB_ACTIVE

    path = EB.path(prefix, eb_id)
    stored_text(path, given, prefix)
    pb_field = f"pb_{script.kind}"
    eb = {
        **new_eb_fields(),
        **given,
        "key": eb_id,
        "eb_id": eb_id,
        pb_field: [*given.get(pb_field, []), pb_id],
        "status": EB_ACTIVE,
        "last_updated": timestamp(),
    }
    txn.create(path, stored_text(path, eb, prefix))
    txn.execution_block.state(eb_id).create(state_of_eb({}, eb))


VALUE = click.Argument(["value"])


def _command(kind: SdpObject) -> click.Command:
    def create(key: str, value: str | None, **options: Any) -> None:
        if value is None:
            # The only argument may be the value.
            is_value = key[:1] in ("{", "@") or key == "-"
            missing = f"{kind.id_name!r} before {quoted_redacted(key)}" if is_value else "'VALUE'"
            raise click.UsageError(f"Missing argument {missing}.")
        given = argument_value(value, f"The value of the {kind.name}")
        _create_object(kind, key, given, **options)

    key = click.Argument(["key"], metavar=kind.id_name)
    # Optional, so that the error on a missing ID can say what is wrong.
    value = click.Argument(["value"], metavar="VALUE", required=False)
    return make_object_command(
        kind, create, [key, value, DRY_RUN_VALUES], f"Create one of the {kind.about}."
    )


_pb = make_object_command(
    PB,
    _create_pb,
    [
        click.Argument(
            ["script"],
            metavar="KIND:NAME:VERSION",
            shell_complete=lambda ctx, param, incomplete: complete_ids(SCRIPT, ctx, incomplete),
        ),
        click.Argument(["parameters"], required=False),
        EB_PARAMETERS,
        DRY_RUN_VALUES,
    ],
    "Create a processing block that runs a script with parameters; with --eb also the execution "
    "block that it belongs to.",
)

_deployment = make_object_command(
    DEPLOYMENT,
    _create_deployment,
    [
        click.Argument(["key"], metavar="ID"),
        click.Argument(["deployment_kind"], metavar="KIND", type=click.Choice(["helm"])),
        click.Argument(["parameters"]),
        DRY_RUN_VALUES,
    ],
    "Create a deployment of a KIND (helm) with PARAMETERS, e.g. "
    '\'{"chart": "name", "values": {}}\'.',
)

_key = make_command(
    "key",
    _create_key,
    [KEY, VALUE, FORCE, DRY_RUN_VALUES],
    help="Create one key, given as a full path.",
)

command = KeyGroup(
    _key,
    name="create",
    help="Create a key or an object, or a processing block that runs a script. Values and "
    "parameters are JSON or YAML, @FILE, or - for standard input.",
    usage=[
        "[options] pb SCRIPT [PARAMETERS] [--eb=EB_PARAMETERS]",
        "[options] deployment ID KIND PARAMETERS",
        "[options] (script|eb|flow|dependency|resource|request|allocation) ID VALUE",
        "[options] KEY VALUE",
    ],
    params=[EB_PARAMETERS, FORCE, DRY_RUN_VALUES, *COMMON],
    unsupported={
        SYSTEM.name: "There is only one system entry: create it with 'ska-sdp import system'."
    },
    commands=[_pb, _command(SCRIPT), _deployment, *map(_command, PLAIN)],
)
