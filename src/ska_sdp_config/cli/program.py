"""The program ``ska-sdp``: its verbs, help and exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from ska_sdp_config.cli.completion import VARIABLE, register_shells
from ska_sdp_config.cli.errors import explain
from ska_sdp_config.cli.group import Group, first_word
from ska_sdp_config.cli.objects import OBJECTS
from ska_sdp_config.cli.options import DEBUG, VALUES_BEFORE, has_debug, without_values
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.terminal import guard_streams

__all__ = ["run"]

# Each verb's module is imported when the verb is used, and holds its command as `command`.
VERBS = {
    "list": (".list", "List the keys of the database."),
    "get": (".get", "Print the value of a key, or all entries of an object."),
    "watch": (".watch", "Print the current value, then each change."),
    "describe": (".describe", "Print an object and everything related to it."),
    "status": (".status", "Show the whole system, its faults and the commands that end them."),
    "top": (".top.command", "Show the system on the full screen, live."),
    "wait": (".wait", "Wait until a field has a value."),
    "history": (".history", "Print what a key or an object was, revision by revision."),
    "record": (".record", "Append every change of the database to a file."),
    "replay": (".replay", "Print what each subarray showed during a recording."),
    "create": (".create", "Create a key or an object; run a processing script."),
    "update": (".update", "Replace the value of a key, or of an object."),
    "edit": (".edit", "Edit the value of a key, or of an object, in a text editor."),
    "delete": (".delete", "Delete a key or an object, or all of a kind."),
    "end": (".end", "End or cancel an execution block."),
    "prune": (".prune", "Remove old execution blocks with all that belongs to them."),
    "import": (".import_", "Import script definitions or the system entry from a file or a URL."),
    "dump": (".dump", "Write the database, or a part of it, to a file."),
    "load": (".load", "Restore the database from a dump."),
    "doctor": (".doctor", "Check the database, and advise on each fault."),
    "completion": (".completion", "Print the completion script of a shell."),
    "help": (".help", "Print the help of a command."),
}

ENVIRONMENT = [
    ("SDP_CONFIG_HOST", "Database host, or host:port,… (default 127.0.0.1); also --host"),
    ("SDP_CONFIG_PORT", "Database port (default 2379); also --port"),
    ("SDP_CONFIG_PROTOCOL", "http, or https for TLS (default http)"),
    ("SDP_CONFIG_CERT", "PEM file of the CA, or of the client certificate with its key"),
    ("SDP_CONFIG_USERNAME", "User name; SDP_CONFIG_PASSWORD is the password"),
    ("SDP_CONFIG_TIMEOUT", "Timeout of a call in seconds (default 5)"),
    ("SDP_CONFIG_BACKEND", "Backend (default etcd3)"),
    ("VISUAL, EDITOR", "Text editor of 'ska-sdp edit', e.g. vi"),
    ("NO_COLOR", "Disable colours"),
]

EXIT_CODES = [
    ("0", "done"),
    ("1", "rejected or failed"),
    ("2", "invalid usage"),
    ("3", "not found"),
    ("4", "timed out"),
    ("5", "no connection to the database"),
]


class Program(Group):
    """Group of the verbs, each imported on first use."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remove ``-v`` before a verb that does not have it."""
        at = first_word(args)
        if at is not None:
            command = self.get_command(ctx, args[at])
            if not any("-v" in each.opts for each in (command.params if command else ())):
                args = [*without_values(args[:at]), *args[at:]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load a verb."""
        if name not in VERBS:
            return None
        command: click.Command = import_module(VERBS[name][0], __package__).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; on Ctrl-C raise Abort, as click would print an extra line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as exc:
            raise click.Abort from exc

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the help row of each verb, without importing any."""
        return [(name, text) for name, (_, text) in VERBS.items()]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tables of objects, environment variables and exit codes."""
        objects = [(each.name, each.about) for each in OBJECTS]
        for title, rows in (
            ("Objects", objects),
            ("Environment", ENVIRONMENT),
            ("Exit codes", EXIT_CODES),
        ):
            with formatter.section(title):
                formatter.write_dl(rows)


program = Program(
    name="ska-sdp",
    members="command",
    help="Inspect and change the configuration database of the Science Data Processor.",
    usage=["COMMAND [options] [OBJECT] [ARGUMENT]...", "COMMAND [OBJECT] (-h|--help)"],
    params=[DEBUG, VALUES_BEFORE],
)
click.version_option(package_name="ska-sdp-lmc", prog_name="ska-sdp")(program)


def run(arguments: Sequence[str]) -> int:
    """Run a command line, the words after the program's name; return the exit code.

    An error is reported in one line on standard error.
    """
    if _replace_closed_streams():
        return 1
    # A character outside the terminal's encoding must not raise an error.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    guard_streams()
    debug = has_debug(arguments)
    if debug:
        _enable_debug_log()
    if VARIABLE in os.environ:
        register_shells()
    try:
        code = program.main(
            list(arguments), prog_name="ska-sdp", complete_var=VARIABLE, standalone_mode=False
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the pipe has exited.
        _discard_output()
        return 1
    except Exception as error:  # every error is reported in one line
        if debug:
            traceback.print_exc()
        code, line = explain(error)
        note(line)
        _discard_output()
    return code if isinstance(code, int) else 0


def _replace_closed_streams() -> bool:
    """Replace closed standard streams; return whether standard output was closed.

    Otherwise a file or connection could get the file descriptor, and output would go there.
    Without standard output the result of a command would be lost.
    """
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
    if "stdout" in closed:
        note("Standard output is closed: redirect it, e.g. with >/dev/null.")
    return "stdout" in closed


def _discard_output() -> None:
    """Discard output that cannot be written: Python would fail again when it flushes at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _enable_debug_log() -> None:
    import logging

    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("ska_sdp_config").setLevel(logging.DEBUG)
