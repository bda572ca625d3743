"""The device, the command line and the web page show the same at each change of obsState."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.program import run
from ska_sdp_config.lmc.observe import observe, read_snapshot
from ska_sdp_config.lmc.paths import component
from ska_sdp_config.lmc.rows import SubarrayRow, subarray_row
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_config.lmc.times import iso
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_config.store.errors import DbRevision
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from ska_sdp_sim.stack.web import WebPage
from tests.e2e.rig import COMMAND_TIMEOUT_S, Observation, Rig, running_rig
from tests.services.etcd import QUICK
from tests.services.servers import serving
from tests.support.scripts import ARGUMENTS
from tests.support.waiting import wait_until
from tests.web.event_stream import EventStream

REQUIRED = component("proccontrol")


def revision_of(config: Config) -> int:
    _, now = config.backend.get("/lmc/subarray/01")
    return now.revision


def snapshot_at(config: Config, revision: int) -> Snapshot:
    def read(paths: Iterable[str]) -> dict[str, str | None]:
        at = DbRevision(revision)
        return {path: config.backend.get(path, at)[0] for path in paths}

    return read_snapshot("01", revision, read)


class Shown(NamedTuple):
    """Values of a subarray: each fault is its text and its start, None if it is not stored."""

    obs_state: str
    health: str
    faults: list[tuple[str, str | None]]
    transaction_id: str


def shown_by_row(row: SubarrayRow) -> Shown:
    faults = [(each.text, iso(each.since) if each.since else None) for each in row.faults]
    return Shown(row.obs_state.name, row.health.name, faults, row.transaction_id)


def shown_by_program(etcd: Etcd) -> Shown:
    """Run ``ska-sdp status -o json`` in this process."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setenv("SDP_CONFIG_HOST", etcd.host)
        patch.setenv("SDP_CONFIG_PORT", str(etcd.port))
        patch.setenv("SDP_CONFIG_TIMEOUT", "60")
        code = run(["status", "-o", "json"])
    document = json.loads(out.getvalue())
    (row,) = document["subarrays"]
    assert code == document["is_failed"]
    faults = [(each["text"], each["since"]) for each in row["faults"]]
    return Shown(row["obs_state"], row["health"], faults, row["transaction_id"])


def shown_by_page(card: dict[str, Any]) -> Shown:
    """Read the card of a subarray in the page's document."""
    faults = [(each["text"], each["since"]) for each in card["faults"]]
    transaction_id = (card["last_command"] or {}).get("transaction_id", "")
    return Shown(card["obs_state"], card["health"], faults, transaction_id)


class Faces:
    """Comparison of the device with the command line and the web page after each step."""

    def __init__(self, rig: Rig, page: EventStream) -> None:
        self._rig = rig
        self._page = page
        self._begun = revision_of(rig.config)
        self.compared: list[str] = []

    def compare(self, obs_state: str) -> Shown:
        """Wait for an obsState, and compare all that is shown at its revision; return it."""
        rig = self._rig
        rig.subarray.wait_for(obs_state)
        if obs_state not in ("RESOURCING", "CONFIGURING", "RESETTING"):
            # The server writes the end of a wait, and an expired timeout, to the entry.
            wait_until(lambda: rig.entry["reached"] or rig.entry["errors"], 30, "the wait's end")
        snapshot = snapshot_at(rig.config, revision_of(rig.config))
        derived = shown_by_row(subarray_row(snapshot, is_online=True))
        assert derived.obs_state == obs_state
        wait_until(lambda: self._is_published(derived), 30, f"{derived} is published")
        assert shown_by_program(rig.etcd) == derived
        # A revision that changes nothing on the page has no message of its own.
        wait_until(lambda: self._shown_by_page() == derived, 30, f"the page shows {derived}")
        self.compared.append(obs_state)
        return derived

    def _shown_by_page(self) -> Shown:
        """Return what the page shows now."""
        documents = [data for kind, data in list(self._page.received) if kind == "whole"]
        (card,) = documents[-1]["data"]["subarrays"]
        return shown_by_page(card)

    def _is_published(self, derived: Shown) -> bool:
        """Return whether the device shows this; it adds the start of a fault if none is stored."""
        device = self._rig.subarray
        lines = list(device.read("healthInfo") or ())
        begins = [f"{text}, since {since or ''}" for text, since in derived.faults]
        return (
            (device.obs_state, HealthState(device.read("healthState")).name)
            == (derived.obs_state, derived.health)
            and device.read("transactionID") == derived.transaction_id
            and len(lines) == len(begins)
            and all(map(str.startswith, lines, begins))
        )

    def compare_history(self) -> None:
        """Compare all published obsStates with those derived at every revision."""
        self._rig.recorder.prove()
        assert self._rig.recorder.of("obsState") == list(self._expected_events())

    def _expected_events(self) -> Iterator[Any]:
        """Yield the events of each revision: of a command first its transient obsState."""
        config = self._rig.config
        revisions = range(self._begun, revision_of(config) + 1)
        views = [observe(snapshot_at(config, revision)) for revision in revisions]
        for before, view in pairwise(views):
            shown = before.obs_state
            if view.command_count > before.command_count:
                transient = TRANSITIONS[view.last_command].transient
                if transient is not None:
                    shown = transient
                    yield transient.name
            if view.obs_state is not shown:
                yield view.obs_state.name


def run_into_fault(observation: Observation, faces: Faces) -> None:
    faces.compare("RESOURCING")
    observation.resource()
    faces.compare("IDLE")
    observation.command("Configure", ARGUMENTS["Configure"])
    faces.compare("READY")
    observation.command("Scan", ARGUMENTS["Scan"])
    faces.compare("SCANNING")
    observation.write(status="FAILED", reason="no disk is left")
    faces.compare("FAULT")


def recover_by_obs_reset(observation: Observation, faces: Faces) -> None:
    run_into_fault(observation, faces)
    observation.command("ObsReset")
    faces.compare("IDLE")


def abort_and_restart(observation: Observation, faces: Faces) -> None:
    faces.compare("RESOURCING")
    observation.resource(ready=False)
    faces.compare("IDLE")
    observation.command("Configure", ARGUMENTS["Configure"])
    faces.compare("CONFIGURING")
    observation.command("Abort")
    faces.compare("ABORTED")
    observation.command("Restart")
    faces.compare("EMPTY")


def fault_and_restart(observation: Observation, faces: Faces) -> None:
    run_into_fault(observation, faces)
    observation.command("Restart")
    faces.compare("EMPTY")


def time_out(observation: Observation, faces: Faces) -> None:
    faces.compare("RESOURCING")
    observation.rig.make_late()
    ((text, since),) = faces.compare("FAULT").faults
    assert f"within {COMMAND_TIMEOUT_S} s" in text
    assert since is not None
    observation.command("Restart")
    faces.compare("EMPTY")


def lose_a_component(observation: Observation, faces: Faces) -> None:
    """Only with settings that require it."""
    faces.compare("RESOURCING")
    observation.resource()
    assert faces.compare("IDLE").faults == []
    observation.rig.config.backend.delete(REQUIRED)
    missing = ("Component proccontrol is OFFLINE", None)
    assert faces.compare("IDLE").faults == [missing]
    observation.write(status="FAILED", reason="no disk is left")
    assert faces.compare("FAULT").faults[1:] == [missing]
    observation.command("Restart")
    assert faces.compare("EMPTY").faults == [missing]


@pytest.mark.long
@pytest.mark.parametrize(
    "course",
    [recover_by_obs_reset, abort_and_restart, fault_and_restart, time_out],
    ids=lambda each: each.__name__,
)
def test_device_command_line_and_page_show_the_same(
    rig: Rig, course: Callable[[Observation, Faces], None], tmp_path: Path
) -> None:
    compare(rig, course, tmp_path)


@pytest.mark.long
def test_required_components_are_those_of_the_device(
    tango_db: TangoDatabase, tmp_path: Path
) -> None:
    """The rig of the other tests requires none."""
    settings = {
        "RequiredComponents": "proccontrol",
        "TimeoutAssignResources": COMMAND_TIMEOUT_S,
    }
    with (
        Etcd(tmp_path, flags=QUICK) as etcd,
        serving(tango_db, tmp_path) as serve,
        running_rig(etcd, serve, **settings) as rig,
    ):
        rig.config.backend.create(REQUIRED, "{}")
        rig.begin()
        compare(rig, lose_a_component, tmp_path)


def compare(rig: Rig, course: Callable[[Observation, Faces], None], directory: Path) -> None:
    settings = {"SDP_CONFIG_HOST": rig.etcd.host, "SDP_CONFIG_PORT": str(rig.etcd.port)}
    with WebPage(directory, settings) as web, EventStream(web.endpoint, "overview") as page:
        page.wait("whole")
        faces = Faces(rig, page)
        course(Observation(rig), faces)
        faces.compare_history()
        assert faces.compared
