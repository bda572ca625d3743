"""``ska-sdp edit``: edit a value in a text editor."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.entry import (
    ALIASES_OF_CHANGEABLE,
    CHANGEABLE,
    check_changeable,
    check_object,
    check_status,
    print_differences,
    replace,
    usage,
)
from ska_sdp_config.cli.errors import EditKept, Failed, Misconfigured
from ska_sdp_config.cli.objects import PB_STATE
from ska_sdp_config.cli.options import DRY_RUN_VALUES, FORCE, FORCE_STATUS, YES
from ska_sdp_config.cli.output import Difference, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.source import parse_value
from ska_sdp_config.cli.targets import Target, TargetGroup
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.live import values

__all__ = ["command", "edit_value"]

COMMENT = "# "
"""Beginning of the lines that explain an error above the value to correct."""


def edit_value(
    target: Target, yes: bool, dry_run: bool, out: Printer, prefix: str, force: bool = False
) -> None:
    """Edit the value of a target in a text editor, and print the changes.

    Raises:
        Failed: the value is missing, may not be changed, or stays invalid; or the editor failed.
        EditKept: the edited value could not be written.
    """
    editor = _editor()
    verbatim = force and target.kind is None
    if not verbatim:
        check_changeable(target, prefix)
    stored: str | None = None
    with open_backend() as backend:
        for txn in backend.txn():
            stored = txn.get(target.entry)
            if not verbatim:
                check_object(txn, target.entry, prefix)
        if stored is None and not target.is_state:
            raise target.not_found(backend)

    def to_stored_text(text: str) -> str:
        from ska_sdp_config.cli.validity import stored_text

        value = parse_value(text, f"The value for {target.entry}")
        checked = stored_text(target.entry, value, prefix)
        if not force:
            check_status(target.entry, checked, stored, prefix)
        return checked

    file = _make_file(target, _text_to_edit(target, "{}" if stored is None else stored, verbatim))
    differences: list[Difference] = []
    with _keep_on_failure(file):
        edited = _edited(editor, file, None if verbatim else to_stored_text)
        if edited is not None:
            # Connects again: the editor may have been open for hours.
            differences = replace(
                target,
                edited,
                prefix,
                Confirmation(yes=yes, dry_run=dry_run, quiet=out.quiet),
                force=force,
                read=(stored,),
                kept=f"Your edit is kept in {file}.",
            )
    file.unlink()
    print_differences(differences, out, dry_run=dry_run)


def _text_to_edit(target: Target, stored: str, force: bool) -> str:
    if force:
        return stored
    if not values.is_json(stored):
        raise Failed(f"The value of {target.entry} is not JSON: edit it with --force.")
    text = values.pretty(stored) + "\n"
    if not values.is_utf8(text):
        raise Failed(f"The value of {target.entry} is not UTF-8 text: edit it with --force.")
    return text


def _editor() -> list[str]:
    """Return the command of the editor."""
    given = (os.environ.get(name, "").strip() for name in ("VISUAL", "EDITOR"))
    command = next(filter(None, given), "")
    if not command:
        raise Misconfigured("No editor is set: set VISUAL or EDITOR, e.g. EDITOR=vi.")
    try:
        return shlex.split(command)
    except ValueError as exc:
        raise Misconfigured(
            f"VISUAL or EDITOR is {command!r}, which is not a command: {exc}."
        ) from exc


def _make_file(target: Target, text: str) -> Path:
    # A key may exceed the length limit of file names.
    name = re.sub(r"[^\w.:-]", "-", target.entry.strip("/"))[:50]
    handle, file = tempfile.mkstemp(prefix=f"ska-sdp-{name}-", suffix=".json")
    os.close(handle)
    # With --force bytes that are not UTF-8 are edited verbatim.
    Path(file).write_text(text, "utf-8", "surrogateescape")
    return Path(file)


def _read(file: Path, force: bool) -> str:
    """Read the edited file."""
    try:
        return file.read_text("utf-8", "surrogateescape" if force else "strict")
    except OSError as exc:
        raise Failed(f"Cannot read the edited file ({exc}): nothing was changed.") from exc
    except UnicodeDecodeError as exc:
        raise Failed(
            f"The edited value is not UTF-8 text (byte {exc.start}): nothing was changed."
        ) from exc


@contextmanager
def _keep_on_failure(file: Path) -> Iterator[None]:
    """Keep an edited file, and report its path, if the body fails."""
    before = file.read_bytes()
    try:
        yield
    except BaseException as exc:
        # Including Ctrl-C: an edit must not be lost.
        if file.exists() and file.read_bytes() != before:
            raise EditKept(f"Your edit is kept in {file}.") from exc
        file.unlink(missing_ok=True)
        raise


def _edited(
    editor: list[str], file: Path, to_stored_text: Callable[[str], str] | None
) -> str | None:
    """Run the editor until the value is valid.

    Args:
        editor: the command of the editor.
        file: the file to edit.
        to_stored_text: returns the text to store, or raises Failed; None to store it verbatim.

    Returns:
        The text to store, None if the value was not changed.

    Raises:
        Failed: an invalid value was not corrected; or the editor failed.
    """
    force = to_stored_text is None
    first = rejected = _read(file, force)
    fault: Failed | None = None
    while True:
        _run(editor, file)
        text = _read(file, force)
        if fault is not None:
            text = _without_fault(text)
        if fault is not None and text == rejected:
            raise fault
        if text == first:
            return None
        if to_stored_text is None:
            # Editors append a newline.
            return text if first.endswith("\n") else text.removesuffix("\n")
        try:
            return to_stored_text(text)
        except Failed as exc:
            fault, rejected = exc, text
            # One line each: a line without the prefix would be part of the value.
            notes = (one_line(str(exc)), "Correct the value, or leave it unchanged to give up.")
            shown = "".join(f"{COMMENT}{each}\n" for each in notes)
            file.write_text(shown + text, "utf-8")


def _without_fault(text: str) -> str:
    while text.startswith(COMMENT):
        text = text.partition("\n")[2]
    return text


def _run(editor: list[str], file: Path) -> None:
    # The editor handles Ctrl-C. Not SIG_IGN, which the editor would inherit.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        code = subprocess.run([*editor, str(file)], check=False).returncode
    except OSError as exc:
        raise Misconfigured(
            f"Cannot run the editor {editor[0]}: {exc.strerror}; set VISUAL or EDITOR."
        ) from exc
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        raise Failed(f"The editor {editor[0]} failed with code {code}: nothing was changed.")


command = TargetGroup(
    "edit",
    edit_value,
    "Edit the value of {}",
    options=[YES, DRY_RUN_VALUES],
    key_options=[FORCE],
    kind_options={PB_STATE: [FORCE_STATUS]},
    kinds=CHANGEABLE,
    aliases=ALIASES_OF_CHANGEABLE,
    usage=usage(),
    help="Edit the value of a key, or of an object, or only the state of an object, with the "
    "editor set in VISUAL or EDITOR. A missing state of an existing object is created. pb "
    "means pb-state, as processing blocks are immutable. On a terminal, an execution block that a "
    "subarray links and the state of a processing block that has a live owner are changed only "
    "after confirmation. An unchanged value is not written.",
)
