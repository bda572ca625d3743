"""Choice of the printer for an output format."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ska_sdp_config.cli.output import Printer

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
    from ska_sdp_config.cli.plain import NamePrinter, PlainPrinter

    return NamePrinter() if output == "name" else PlainPrinter(quiet)
