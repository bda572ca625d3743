"""``ska-sdp doctor``: is the database well, and what to do if it is not."""

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
    from ska_sdp_config.cli.readings import Readings, ask_members, read_database

    out = make_printer(output, quiet)
    readings = Readings()
    with open_backend() as backend:
        read_database(backend, prefix, readings)
    try:
        ask_members(readings)
    except ValueError as exc:
        raise Misconfigured(str(exc)) from exc
    findings = list(diagnose(readings))
    out.findings(findings)
    if readings.error is not None:
        raise readings.error
    faults = [each.subject for each in findings if each.verdict == "fault"]
    if faults:
        raise Failed(f"Something is wrong with: {', '.join(faults)}; see above what to do.")


command = click.Command(
    "doctor",
    params=COMMON,
    callback=_doctor,
    context_settings=HELP,
    help="Check whether the database can be reached, how fast it is, its version, clock and "
    "size, and which components are alive; say what to do about each fault. Exits with 1 if "
    "there is a fault, with 5 if the database cannot be reached.",
)
