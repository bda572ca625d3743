"""``ska-sdp doctor``: check the database, and advise on each fault."""

from __future__ import annotations

from ska_sdp_config.cli.errors import Failed, Misconfigured
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.interrupts import stop_on_interrupt
from ska_sdp_config.cli.output import Finding, Printer
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["command"]


def _doctor(out: Printer, prefix: str) -> None:
    from ska_sdp_config.backends import backend_name, check_reachable

    try:
        with stop_on_interrupt():
            check_reachable(backend_name())
            from ska_sdp_config.cli.diagnosis import diagnose
            from ska_sdp_config.cli.readings import Readings, read_database, read_members

            readings = Readings()
            read_members(readings)
    except ValueError as exc:
        raise Misconfigured(str(exc)) from exc
    except ConfigConnectionError as exc:
        text, _, advice = str(exc).rstrip(".").rpartition(": ")
        out.findings([Finding("database", "fault", text, advice)])
        raise
    # With settings that fit no server, a read would fail only after its timeout.
    if readings.error is None:
        with open_config(prefix) as config:
            read_database(config, prefix, readings)
    findings = list(diagnose(readings))
    out.findings(findings)
    if readings.error is not None:
        raise readings.error
    faults = [each.subject for each in findings if each.verdict == "fault"]
    if faults:
        raise Failed(f"Faults found: {', '.join(faults)}; follow the advice above.")


command = make_command(
    "doctor",
    _doctor,
    [],
    help="Check whether the database is reachable, its latency, version, clock and size, and "
    "which components are alive; find subarrays in FAULT, failed or abandoned blocks, and states "
    "without an entity; advise on each fault. Exits with 1 if there is a fault, with 5 "
    "if the database is unreachable.",
)
