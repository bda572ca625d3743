"""Printers of the output formats: choice of the format, and plain lines for scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ska_sdp_config.cli.columns import SCREEN_WIDTH, Line
from ska_sdp_config.cli.output import (
    Change,
    Difference,
    Entry,
    Finding,
    Printer,
    write_lines,
    write_texts,
)
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.live import values
from ska_sdp_config.live.key_change import KeyChange, describe, time_column

__all__ = ["make_printer"]


def make_printer(output: str | None, quiet: bool) -> Printer:
    """Return the printer of an output format.

    Args:
        output: ``table``, ``json``, ``yaml`` or ``name``; None for a table on a terminal, and
            plain lines elsewhere or if quiet.
        quiet: whether to print values without their keys.
    """
    if output == "table" or (output is None and not quiet and sys.stdout.isatty()):
        from ska_sdp_config.cli.tables import TablePrinter

        return TablePrinter(quiet)
    if output in ("json", "yaml"):
        from ska_sdp_config.cli.structured import DocumentPrinter

        return DocumentPrinter(quiet, yaml=output == "yaml")
    return Printer(quiet) if output == "name" else PlainPrinter(quiet)


class PlainPrinter(Printer):
    """Printer of ``KEY`` or ``KEY = JSON``, one per line; if quiet, of values only."""

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values."""
        write_texts(self._line(*entry) for entry in entries)

    def key_changes(self, changes: Iterable[KeyChange], *, whole: bool = False) -> None:
        """Print changes of keys, one per line; if quiet, values, and ``null`` after a delete."""
        if self.quiet:
            texts = ("null" if each.after is None else each.after for each in changes)
            write_texts(map(values.compact, texts))
        else:
            write_lines(_change_line(each, whole) for each in changes)
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the changes, one per line."""
        if not self.quiet:
            write_lines(f"{change.word} {change.path}" for change in changes)

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print the created paths, one per line; if quiet, the IDs."""
        write_lines(ids if self.quiet else (f"created {path}" for path in paths))

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the changes to make, one per line; unless quiet, with the differences."""
        for each in differences:
            write_lines([f"{each.word} {each.path}"])
            if not self.quiet:
                write_lines(f"  {line}" for line in values.difference(each.before, each.after))

    def screen(
        self,
        make_lines: Callable[[int], Iterable[Line]],
        make_document: Callable[[], Mapping[str, Any]],
        names: Iterable[str],
        *,
        is_update: bool = False,
    ) -> None:
        """Print the lines; after an update an empty line."""
        write_lines("".join(text for text, _ in line) for line in make_lines(SCREEN_WIDTH))
        if is_update:
            write_lines([""])
        sys.stdout.flush()

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the findings, one per line; if quiet, only warnings and faults."""
        for each in findings:
            if not (self.quiet and each.verdict == "ok"):
                advice = f"; {each.advice}" if each.advice else ""
                # A reason of another program may end as a sentence does.
                text = each.text.rstrip(".") if advice else each.text
                write_lines([f"{each.verdict} {each.subject}: {text}{advice}"])

    def _line(self, path: str, text: str) -> str:
        value = values.compact(text)
        if self.quiet:
            return value
        return f"{one_line(path) if sys.stdout.isatty() else path} = {value}"


def _change_line(change: KeyChange, whole: bool) -> str:
    text = describe(change)
    if whole and change.after is not None:
        text = f"= {values.compact(change.after)}"
    return f"{time_column(change.time)} {change.path} {text}"
