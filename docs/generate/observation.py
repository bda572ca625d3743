"""The sequence of an observation, drawn from what the program's own parts do to a database.

The devices' model decides the commands and the simulator's scripts their effects, both on a
database in memory; the picture shows what each of them has written, and the obsState that
the model derives from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from docs.generate.svg import arrow, box, picture, words

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.config import Transaction
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.lmc.derive import derive
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.upkeep import reached_writes
from ska_sdp_lmc.commands import Message, apply_command, message_paths
from ska_sdp_lmc.devices.subarray import COMMANDS
from ska_sdp_lmc.messages import (
    AssignResources,
    parse_assign_resources,
    parse_configure,
    parse_scan,
)
from ska_sdp_lmc.runtime.repository import read_snapshot, write
from ska_sdp_sim.database import read_block, write_step
from ska_sdp_sim.demo.content import configure, scan
from ska_sdp_sim.script import Settings, Step, next_step

__all__ = ["Line", "draw", "observe"]

MESSAGE = Path(__file__).parents[2] / "examples" / "assign_resources.json"
SUBARRAY = "01"
CLIENT, DEVICE, STORE, SCRIPTS = range(4)
NAMES = ("telescope manager", "SDPSubarray", "etcd", "controller, scripts")

_COLUMN, _ROW, _TOP, _MARGIN = 240.0, 24.0, 62.0, 90.0
_LONG_AGO = timedelta(days=1)
_RULES = ModelSettings(required_components=())


@dataclass(frozen=True, slots=True)
class Line:
    """One arrow.

    Attributes:
        origin: number of the participant that it comes from.
        to: number of the one that it goes to.
        text: what is said.
    """

    origin: int
    to: int
    text: str


def observe(config: Config, last: str = "") -> list[Line]:
    """Run an observation of one scan, and note who says what.

    Args:
        config: an empty database.
        last: name of the command after which it stops, by default that after which nothing is
            left to do.
    """
    return list(_Observation(config).run(last))


class _Observation:
    """One observation.

    Args:
        config: an empty database.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._now = datetime(2026, 1, 31, 23, 12, 37, tzinfo=timezone.utc)
        self._shown = ObsState.EMPTY.name

    def run(self, last: str) -> Iterator[Line]:
        """Give all commands up to the last one, and what follows each."""
        text = MESSAGE.read_text()
        assign = parse_assign_resources(text, 1).message
        scan_type = json.loads(text)["execution_block"]["scan_types"][0]["scan_type_id"]
        for txn in self._config.txn():
            for pb in json.loads(text)["processing_blocks"]:
                key = pb["script"]
                txn.create_script(key["kind"], key["name"], key["version"], {"image": "any"})
        commands: list[tuple[str, Message | None]] = [
            ("On", None),
            ("AssignResources", assign),
            ("Configure", parse_configure(configure(scan_type), 1).message),
            ("Scan", parse_scan(scan(1), 1).message),
            ("EndScan", None),
            ("End", None),
            ("ReleaseAllResources", None),
        ]
        for name, message in commands:
            yield from self._command(name, message)
            yield from self._processing()
            if name == last:
                break

    def _command(self, name: str, message: Message | None) -> Iterator[Line]:
        yield Line(CLIENT, DEVICE, name)
        for txn in self._config.txn():
            also = message_paths(message) if isinstance(message, AssignResources) else []
            snapshot = read_snapshot(txn, SUBARRAY, [], also)
            decide = COMMANDS[name].decide
            assert decide is not None
            writes = apply_command(name, decide, snapshot, message, self._now, _RULES, "txn-any")
            write(txn, writes)
        yield Line(DEVICE, STORE, _brief(writes.documents))
        after = self._snapshot()
        view = derive(after, self._now, _RULES)
        if view.transient is not None:
            yield from self._show(view.transient.name)
        yield from self._show(view.obs_state.name)

    def _processing(self) -> Iterator[Line]:
        """Let the scripts do all that they can, and show what comes of each step."""
        moved = True
        while moved:
            moved = False
            for pb_id in self._pb_ids():
                step: object = None
                for txn in self._config.txn():
                    step = self._step(txn, pb_id)
                if not isinstance(step, Step):
                    continue
                moved = True
                told = _told(step)
                if told:
                    kind = self._kind(pb_id)
                    yield Line(SCRIPTS, STORE, f"{kind} pb: {told}")
                yield from self._follow()

    def _step(self, txn: Transaction, pb_id: str) -> object:
        block = read_block(txn, pb_id)
        if block is None:
            return None
        step = next_step(block, self._now - _LONG_AGO, self._now, Settings())
        if isinstance(step, Step):
            write_step(txn, block, step, self._now)
            deployment = txn.deployment(block.deployment_id)
            # The helm deployer, at once.
            if deployment.exists() and not deployment.state.exists():
                deployment.state.create({"status": "RUNNING"})
        return step

    def _follow(self) -> Iterator[Line]:
        view = derive(self._snapshot(), self._now, _RULES)
        if view.wait_over:
            for txn in self._config.txn():
                snapshot = read_snapshot(txn, SUBARRAY, [])
                write(txn, reached_writes(snapshot, view.command_count))
        yield from self._show(view.obs_state.name)

    def _show(self, obs_state: str) -> Iterator[Line]:
        if obs_state != self._shown:
            self._shown = obs_state
            yield Line(DEVICE, CLIENT, f"obsState {obs_state}")

    def _snapshot(self) -> Snapshot:
        for txn in self._config.txn():
            snapshot = read_snapshot(txn, SUBARRAY, [])
        return snapshot

    def _pb_ids(self) -> list[str]:
        for txn in self._config.txn():
            found = txn.list_processing_blocks()
        return found

    def _kind(self, pb_id: str) -> str:
        pb: ProcessingBlock | None = None
        for txn in self._config.txn():
            pb = txn.get_processing_block(pb_id)
        return "" if pb is None else pb.script.kind


def _brief(paths: Iterable[str]) -> str:
    """Say what one transaction has written, without ids."""
    return ", ".join(dict.fromkeys(map(_kind_of, sorted(paths))))


def _kind_of(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] == "lmc":
        return "subarray"
    return parts[0] + ("" if len(parts) == 2 else f" {parts[-1]}")


def _told(step: Step) -> str:
    told = []
    state = {key: value for key, value in step.state.items() if key != "last_updated"}
    for key, value in state.items():
        if key == "status":
            told.append(str(value))
        elif value and key != "deployments":
            told.append(key.replace("_", " "))
    if step.execution_block:
        told.append("named in the eb")
    if step.deploy is not None:
        told.append("deployment")
    if step.take_ownership:
        told.append("owner")
    return ", ".join(told)


def draw() -> str:
    """Draw the picture."""
    with Config(backend=MemoryBackend(Database())) as config:
        lines = observe(config)
    height = _TOP + _ROW * (len(lines) + 1)
    columns = [_MARGIN + _COLUMN * number for number in range(len(NAMES))]
    parts = [f'<path d="M{x:g} 36V{height:g}" class="faint"/>' for x in columns]
    parts += [box(x, 20, 150, 30, name) for x, name in zip(columns, NAMES, strict=True)]
    for number, line in enumerate(lines):
        y = _TOP + _ROW * number
        start, end = columns[line.origin], columns[line.to]
        parts.append(arrow(f"M{start:g} {y:g}H{end:g}", "quiet" if line.to == CLIENT else ""))
        parts.append(words((start + end) / 2, y - 4, line.text, kind="small edge"))
    return picture(
        2 * _MARGIN + _COLUMN * (len(NAMES) - 1),
        height + 10,
        parts,
        "Sequence of an observation: commands, what is written, and obsStates",
    )
