"""`ska-sdp history` of a whole observation of the devices."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest

from ska_sdp_config.cli.program import run
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import compact

from .observing import observation


def documents(*arguments: str) -> tuple[list[dict[str, Any]], str]:
    """Run a command with JSON output in this process; return its documents and its notes."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        assert run([*arguments, "-o", "json"]) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def without_repeats(values: list[Any]) -> list[Any]:
    return [
        each for number, each in enumerate(values) if number == 0 or each != values[number - 1]
    ]


@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_history_has_each_command_and_obs_state(
    own_etcd: Etcd, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []
    with observation(own_etcd) as observed:

        def command(name: str, until: str) -> None:
            observed.command(name, observed.message_for(name))
            sent.append((name, observed.subarray.transactionID))
            observed.wait_for(until)

        command("On", "EMPTY")
        command("AssignResources", "IDLE")
        command("Configure", "READY")
        for _ in range(2):
            command("Scan", "SCANNING")
            command("EndScan", "READY")
        command("End", "IDLE")
        command("ReleaseAllResources", "EMPTY")
        revision = observed.config.backend.get("/lmc/subarray/01")[1].revision
        monkeypatch.setenv("SDP_CONFIG_BACKEND", backend)
        monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "60")

        found, notes = documents("history", "subarray", "01")
        assert notes == "ska-sdp: The history is complete, from revision 1.\n"
        shown = [each["new"] for each in found if each["path"] == "/lmc/subarray/01"]
        commands = [
            (each["last_command"], each["transaction_id"])
            for each in shown
            if each["last_command"]
        ]
        assert without_repeats(commands) == sent
        assert all(transaction_id for _, transaction_id in sent)
        # A deployment that was ready before Configure leaves no revision that is CONFIGURING.
        states = [each["obsState"] for each in shown if each["obsState"] != "CONFIGURING"]
        assert without_repeats(states) == [
            "EMPTY",
            "RESOURCING",
            "IDLE",
            "READY",
            *("SCANNING", "READY") * 2,
            "IDLE",
            "EMPTY",
        ]
        revisions = [each["revision"] for each in found]
        assert revisions == sorted(revisions)

        compact(observed.config.backend, revision)
        found, notes = documents("history", "subarray", "01")
        assert notes == (
            f"ska-sdp: The history begins at revision {revision}: earlier ones were compacted.\n"
        )
        first = next(each for each in found if each["path"] == "/lmc/subarray/01")
        assert (first["new"]["last_command"], first["new"]["obsState"]) == (
            "ReleaseAllResources",
            "EMPTY",
        )
