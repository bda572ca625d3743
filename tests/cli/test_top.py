"""``ska-sdp top`` on real etcd with real changes."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.proxy import Proxy

from .conftest import fill, update
from .top_screen import (
    EB,
    FAILED,
    OBSERVATION,
    PB,
    READY,
    REASON,
    Screen,
    failed_subarray,
    run_top,
)


@pytest.fixture
def observation(database: Config) -> Config:
    fill(database, OBSERVATION)
    return database


@pytest.fixture
def address(etcd: Etcd) -> tuple[str, int]:
    return etcd.host, etcd.port


def fail(config: Config) -> None:
    update(config, f"/pb/{PB}/state", encode(FAILED))


def test_fault_appears_with_its_reason_and_way_out(
    observation: Config, address: tuple[str, int]
) -> None:
    async def act(screen: Screen) -> None:
        await screen.wait_for("controller ON OK", "READY", EB, "0/1", "PBs 1: 1 RUNNING")
        assert "MISSING" not in screen.text
        fail(observation)
        await screen.wait_for("FAULT", "DEGRADED", "1 FAILED", REASON, "→ ObsReset or Restart")
        assert len(screen.lines) == 24

    run_top(address, act)


def test_every_way_out_is_seen_while_rows_are_unused(
    database: Config, address: tuple[str, int]
) -> None:
    for number in ("01", "02", "03"):
        fill(database, failed_subarray(number, is_component_missing=True))

    async def act(screen: Screen) -> None:
        await screen.wait_for("subarray 03", "MISSING")
        assert screen.text.count("→ ObsReset or Restart") == 3
        assert len(screen.lines) == 24

    run_top(address, act)


def test_faults_follow_the_cursor(database: Config, address: tuple[str, int]) -> None:
    documents: dict[str, Any] = {}
    for number in range(1, 17):
        documents |= failed_subarray(f"{number:02}")
    fill(database, documents)

    async def act(screen: Screen) -> None:
        await screen.wait_for("subarray 01", "lines more: Enter opens")
        await screen.press("end")
        await screen.wait_for("subarray 16", absent="subarray 02")

    run_top(address, act)


def test_keys_show_each_table(observation: Config, address: tuple[str, int]) -> None:
    async def act(screen: Screen) -> None:
        await screen.wait_for("READY")
        await screen.press("p")
        await screen.wait_for(PB, "RUNNING", "REASON")
        await screen.press("d")
        await screen.wait_for("proc-a", "DEPLOYMENT")
        await screen.press("f")
        await screen.wait_for(f"{PB}:data-product:vis", "FLOWING")
        await screen.press("l")
        await screen.wait_for("CHANGE", absent="FLOWING ")
        fail(observation)
        await screen.wait_for(f"/pb/{PB}/state", f'reason added "{REASON}"')
        await screen.press("s")
        await screen.wait_for("OBSSTATE", "FAULT")
        await screen.press("q")

    assert run_top(address, act).error is None


def test_rows_are_added_and_removed_one_by_one(
    observation: Config, address: tuple[str, int]
) -> None:
    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for(PB)
        fill(observation, {"/pb/pb-new-20260131-00001": {}})
        await screen.wait_for("pb-new-20260131-00001", "STARTING", "PBs 2")
        observation.backend.delete("/pb/pb-new-20260131-00001")
        await screen.wait_for("PBs 1", absent="pb-new-20260131-00001")

    run_top(address, act)


def order(screen: Screen) -> list[str]:
    return [line.split()[0] for line in screen.lines if line.startswith("pb-")]


def test_columns_sort_and_reverse(database: Config, address: tuple[str, int]) -> None:
    for name, status in (("pb-a", "RUNNING"), ("pb-b", "FAILED"), ("pb-c", "WAITING")):
        fill(database, {f"/pb/{name}": {}, f"/pb/{name}/state": {"status": status}})

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("pb-a", "PB▲")
        assert order(screen) == ["pb-a", "pb-b", "pb-c"]
        await screen.press("o")
        await screen.wait_for("STATUS▲")
        assert order(screen) == ["pb-b", "pb-a", "pb-c"]
        await screen.press("r")
        await screen.wait_for("STATUS▼")
        assert order(screen) == ["pb-c", "pb-a", "pb-b"]
        update(database, "/pb/pb-b/state", encode({"status": "WARNING"}))
        await screen.wait_for("WARNING")
        assert order(screen) == ["pb-b", "pb-c", "pb-a"] or order(screen)[0] == "pb-b"

    run_top(address, act)


def test_faults_follow_another_row_at_the_cursor_at_once(
    database: Config, address: tuple[str, int]
) -> None:
    for name in ("pb-a", "pb-b"):
        state = {"status": "FAILED", "reason": f"reason of {name}"}
        fill(database, {f"/pb/{name}": {}, f"/pb/{name}/state": state})

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("pb-a", "pb-b", "▲")
        assert "reason of pb-a" in screen.faults
        await screen.press("r")
        assert "reason of pb-b" in screen.faults
        await screen.press("r")
        assert "reason of pb-a" in screen.faults
        await screen.press("slash", *"pb-b")
        assert "reason of pb-b" in screen.faults

    run_top(address, act)


def test_panel_of_faults_is_as_high_as_its_text(
    database: Config, address: tuple[str, int]
) -> None:
    fill(database, {"/pb/pb-a": {}, "/pb/pb-a/state": {"status": "FAILED", "reason": "one line"}})

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("pb-a", "one line")
        for reason in (f"first {'word ' * 30}last", f"begin {'word ' * 40}end", "short", "brief"):
            update(database, "/pb/pb-a/state", encode({"status": "FAILED", "reason": reason}))
            words = reason.split()
            await screen.wait_for(words[0], words[-1], "[s]subarrays", "Enter open")
            assert screen.app._texts["faults"].size.height == screen.faults.count("\n") + 1
        update(database, "/pb/pb-a/state", encode({"status": "RUNNING"}))
        await screen.wait_for("RUNNING", "Enter open", absent="brief")

    run_top(address, act)


def test_filter_selects_rows_until_escape(database: Config, address: tuple[str, int]) -> None:
    for name, status in (("pb-a", "RUNNING"), ("pb-b", "FAILED")):
        fill(database, {f"/pb/{name}": {}, f"/pb/{name}/state": {"status": status}})

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("pb-a", "pb-b")
        await screen.press("slash", *"status", "colon", *"fail", "enter")
        await screen.wait_for("filter status:fail: 1 of 2", "pb-b", absent="pb-a")
        update(database, "/pb/pb-a/state", encode({"status": "FAILED"}))
        await screen.wait_for("2 of 2", "pb-a")
        await screen.press("escape")
        await screen.wait_for("pb-a", "pb-b", absent="filter status")

    run_top(address, act)


def test_enter_opens_a_subarray_with_its_values_faults_and_commands(
    observation: Config, address: tuple[str, int]
) -> None:
    async def act(screen: Screen) -> None:
        await screen.wait_for("READY")
        await screen.press("enter")
        await screen.wait_for(
            "subarrays: 01", "/lmc/subarray/01", '"obs_state_commanded": "READY"'
        )
        fail(observation)
        await screen.wait_for("FAULT, health DEGRADED", REASON, "→ ObsReset or Restart")
        await screen.press("escape")
        await screen.wait_for("[s]subarrays")

    run_top(address, act, size=(80, 40))


def test_enter_opens_a_block_with_its_entry_state_and_owner(
    observation: Config, address: tuple[str, int]
) -> None:
    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for(PB)
        await screen.press("enter")
        await screen.wait_for(f"/pb/{PB}/state", f"/pb/{PB}/owner", '"RUNNING"', '"hostname": "h"')
        update(observation, f"/pb/{PB}/state", encode(READY | {"status": "READY"}))
        await screen.wait_for('"status": "READY"')
        await screen.press("q")

    run_top(address, act, size=(80, 40))


def test_failed_block_shows_its_reason_and_way_out_first(
    observation: Config, address: tuple[str, int]
) -> None:
    reason = f"{REASON} {'at all ' * 20}in /data"
    update(observation, f"/pb/{PB}/state", encode(FAILED | {"reason": reason}))

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for(PB, "in /data", "subarray 01", "→ ObsReset or Restart")
        await screen.press("enter")
        await screen.wait_for("PBs: ", "in /data", "→ ObsReset or Restart", f"/pb/{PB}")
        assert screen.lines[1].strip() == "FAILED since 2026-01-31T11:59:00.000Z"
        assert REASON in screen.lines[2]
        way_out, entry = (
            # A line may end with a part of the scroll bar.
            next(at for at, line in enumerate(screen.lines) if line.lstrip().startswith(text))
            for text in ("→ ObsReset or Restart", f"/pb/{PB}")
        )
        assert way_out < entry

    run_top(address, act)


def test_open_failure_without_a_fault_shows_its_way_out(
    database: Config, address: tuple[str, int]
) -> None:
    blocks = {"/t/pb/pb-a": {"eb_id": "eb-a"}, "/t/pb/pb-a/state": FAILED}
    fill(database, {"/t/eb/eb-a": {"status": "ACTIVE"}, **blocks})
    way_out = "→ ska-sdp update pb-state pb-a --prefix /t"

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("pb-a", REASON, way_out)
        await screen.press("enter")
        await screen.wait_for("PBs: pb-a", REASON, way_out, "/pb/pb-a/state")
        await screen.press("escape")
        update(database, "/t/eb/eb-a", encode({"status": "CANCELLED"}))
        await screen.wait_for("pb-a", REASON, absent="→")

    run_top(address, act, prefix="/t", size=(100, 24))


def test_failed_deployment_shows_its_reason_and_way_out_first(
    observation: Config, address: tuple[str, int]
) -> None:
    update(observation, "/deploy/proc-a/state", encode({"pods": {"a": "FAILED"}}))
    way_out = "→ ska-sdp delete deployment proc-a"

    async def act(screen: Screen) -> None:
        await screen.press("d")
        await screen.wait_for("proc-a", way_out)
        await screen.press("enter")
        await screen.wait_for("deployments: proc-a", "/deploy/proc-a/state")
        assert [line.strip() for line in screen.lines[1:4]] == ["FAILED", "pod a", way_out]

    run_top(address, act)


def test_enter_opens_a_change_with_the_lines_that_differ(
    observation: Config, address: tuple[str, int]
) -> None:
    async def act(screen: Screen) -> None:
        await screen.press("l")
        await screen.wait_for("CHANGE", "READY")
        fail(observation)
        await screen.wait_for("reason added")
        await screen.press("enter")
        await screen.wait_for('-  "status": "RUNNING"', '+  "status": "FAILED"')

    run_top(address, act)


def test_outage_is_shown_with_its_start_and_ends_by_itself(
    observation: Config, etcd: Etcd
) -> None:
    with Proxy(etcd.host, etcd.port) as proxy:
        host, _, port = proxy.endpoint.partition(":")

        async def act(screen: Screen) -> None:
            await screen.wait_for("READY", "connected")
            with proxy.down():
                await screen.wait_for("does not respond since 20", "READY", absent="connected")
                assert screen.app.grid.is_greyed
                fail(observation)
            await screen.wait_for("connected", "FAULT", REASON)
            assert not screen.app.grid.is_greyed

        run_top((host, int(port)), act)


def test_markup_and_control_characters_are_shown_as_text(
    observation: Config, address: tuple[str, int]
) -> None:
    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for(PB)
        reason = "[red]hot[/red] \x1b[2J \u202e"
        update(observation, f"/pb/{PB}/state", encode(FAILED | {"reason": reason}))
        await screen.wait_for("[red]hot[/red] \\u001b[2J \\u202e")
        await screen.press("enter")
        await screen.wait_for('"reason": "[red]hot[/red]')
        await screen.press("escape", "s")
        await screen.wait_for("is FAILED: [red]hot[/red] \\u001b[2J")

    run_top(address, act, size=(80, 40))


def test_prefix_selects_another_system(database: Config, address: tuple[str, int]) -> None:
    fill(database, {"/test/pb/pb-a": {}, "/pb/pb-b": {}})

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("pb-a", "PBs 1", absent="pb-b")

    run_top(address, act, prefix="/test")


def test_cursor_stays_on_its_object_when_rows_are_added_above(
    database: Config, address: tuple[str, int]
) -> None:
    fill(database, {f"/pb/pb-{number:03}": {} for number in range(100, 200)})

    async def act(screen: Screen) -> None:
        await screen.press("p")
        await screen.wait_for("PBs 100")
        await screen.press("end", "up")
        await screen.wait_for("pb-199")
        fill(database, {f"/pb/pb-{number:03}": {} for number in range(10)})
        await screen.wait_for("PBs 110", "pb-198")
        await screen.press("enter")
        await screen.wait_for("PBs: pb-198")

    run_top(address, act)
