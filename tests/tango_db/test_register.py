"""Registration in a real Tango database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tango
from click.testing import CliRunner

from ska_sdp_lmc.cli import main
from ska_sdp_lmc.stack.tango_db import TangoDatabase
from ska_sdp_lmc.tango_db.data import Registration, read, spread
from ska_sdp_lmc.tango_db.register import register

PREFIX = "register"


@pytest.fixture
def database(tango_db: TangoDatabase) -> Iterator[tango.Database]:
    connection = tango_db.connect()
    yield connection
    for server in ("SDPController/0", "SDPSubarray/01", "SDPSubarray/02", "SDPSubarray/77"):
        if len(connection.get_device_class_list(server)):
            connection.delete_server(server)


def devices(**properties: list[str]) -> list[Registration]:
    spread_out = spread(read(), subarrays=2, prefix=PREFIX).devices()
    return [dataclasses.replace(device, properties=properties) for device in spread_out]


def test_a_second_time_changes_nothing(database: tango.Database) -> None:
    wanted = devices(TimeoutConfigure=["60"], ReceiveScripts=["a", "b"])
    assert len(register(database, wanted)) == 9
    info = database.get_device_info(f"{PREFIX}-sdp/subarray/02")
    assert (info.ds_full_name, info.class_name) == ("SDPSubarray/02", "SDPSubarray")
    held = database.get_device_property(info.name, ["TimeoutConfigure", "ReceiveScripts"])
    assert {name: list(values) for name, values in held.items()} == wanted[0].properties
    assert register(database, wanted) == []


def test_a_dry_run_says_all_and_does_nothing(database: tango.Database) -> None:
    wanted = devices(TimeoutConfigure=["60"])
    planned = register(database, wanted, dry_run=True)
    with pytest.raises(tango.DevFailed, match="not defined"):
        database.get_device_info(f"{PREFIX}-sdp/subarray/01")
    assert planned == register(database, wanted)


def test_only_the_difference_is_written(database: tango.Database) -> None:
    name = f"{PREFIX}-sdp/subarray/01"
    register(database, devices(TimeoutConfigure=["60"], ReceiveScripts=["x"]))
    database.put_device_property(name, {"SetByHand": ["1"]})
    changes = register(database, devices(TimeoutConfigure=["90"], ReceiveScripts=[])[1:2])
    assert [str(change) for change in changes] == [
        f"{name}: property TimeoutConfigure set to ['90'], was ['60']",
        f"{name}: property ReceiveScripts removed, was ['x']",
    ]
    held = database.get_device_property(name, ["TimeoutConfigure", "ReceiveScripts", "SetByHand"])
    assert [list(held[key]) for key in held] == [["90"], [], ["1"]]


def test_a_device_can_move_to_another_server(database: tango.Database) -> None:
    subarray = devices()[1]
    register(database, [subarray])
    moved = dataclasses.replace(subarray, server="SDPSubarray/77")
    assert [change.what for change in register(database, [moved])] == [
        "moved from SDPSubarray/01 as SDPSubarray to SDPSubarray/77 as SDPSubarray"
    ]
    assert database.get_device_info(subarray.device).ds_full_name == "SDPSubarray/77"


def test_the_command(
    tango_database: Callable[[], TangoDatabase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANGO_HOST", tango_database().tango_host)
    file = tmp_path / "devices.json"
    device = {"properties": {"TimeoutConfigure": ["5"]}}
    file.write_text(
        json.dumps({"servers": {"SDPSubarray": {"01": {"SDPSubarray": {"a-sdp/b/01": device}}}}})
    )
    run = CliRunner().invoke
    dry = run(main, ["register", str(file), "--dry-run"])
    assert dry.output.splitlines() == [
        "would change: a-sdp/b/01: added to SDPSubarray/01 as SDPSubarray",
        "would change: a-sdp/b/01: property TimeoutConfigure set to ['5'], was []",
        "2 changes",
    ]
    assert run(main, ["register", str(file)]).output.splitlines()[-1] == "2 changes"
    assert run(main, ["register", str(file)]).output == "0 changes\n"
    assert run(main, ["register", "--subarrays", "3"]).output.splitlines()[-1] == "4 changes"


def test_the_command_refuses_bad_data(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text("{")
    result = CliRunner().invoke(main, ["register", str(file)])
    assert result.exit_code == 1
    assert "is not device data" in result.output
