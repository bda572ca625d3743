"""``ska-sdp doctor``: check the database, and advise on each fault."""

from __future__ import annotations

import click

from ska_sdp_config.cli.errors import Failed, Misconfigured
from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import COMMON
from ska_sdp_config.cli.printers import make_printer
from ska_sdp_config.cli.session import open_backend

__all__ = ["command"]


def _doctor(prefix: str, output: str | None, quiet: bool) -> None:
    from ska_sdp_config.cli.diagnosis import diagnose
    from ska_sdp_config.cli.readings import Readings, read_database, read_members

    out = make_printer(output, quiet)
    readings = Readings()
    with open_backend() as backend:
        read_database(backend, prefix, readings)
    try:
        read_members(readings)
    except ValueError as exc:
        raise Misconfigured(str(exc)) from exc
    findings = list(diagnose(readings))
    out.findings(findings)
    if readings.error is not None:
        raise readings.error
    faults = [each.subject for each in findings if each.verdict == "fault"]
    if faults:
        raise Failed(f"Faults found: {', '.join(faults)}; follow the advice above.")


command = click.Command(
    "doctor",
    params=COMMON,
    callback=_doctor,
    context_settings=HELP,
    help="Check whether the database is reachable, its latency, version, clock and size, and "
    "which components are alive; advise on each fault. Exits with 1 if there is a fault, with 5 "
    "if the database is unreachable.",
)
