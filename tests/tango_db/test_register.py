"""Registration in real Tango databases, that of the stack and that of production."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tango
from click.testing import CliRunner

from ska_sdp_lmc.cli import main
from ska_sdp_lmc.stack.tango_db import TangoDatabaseServer
from ska_sdp_lmc.tango_db.data import Registration, read, spread
from ska_sdp_lmc.tango_db.register import register

PREFIX = "register"
NUMBERS = ("01", "02", "03", "77")


@pytest.fixture
def database(either_tango_db: TangoDatabaseServer) -> Iterator[tango.Database]:
    connection = either_tango_db.connect()
    connection.set_timeout_millis(30_000)
    yield connection
    for server in ("SDPController/0", *(f"SDPSubarray/{number}" for number in NUMBERS)):
        names = list(connection.get_device_class_list(server))[::2]
        for name in names:
            held = list(connection.get_device_property_list(name, "*"))
            if held:
                connection.delete_device_property(name, held)
        if names:
            connection.delete_server(server)


def devices(**properties: list[str]) -> list[Registration]:
    spread_out = spread(read(), subarrays=2, prefix=PREFIX).devices()
    return [dataclasses.replace(device, properties=properties) for device in spread_out]


@pytest.mark.long
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


@pytest.mark.usefixtures("database")
def test_the_command(
    either_tango_db: TangoDatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANGO_HOST", either_tango_db.tango_host)
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
    more = ["register", "--subarrays", "3", "--prefix", "b"]
    planned = run(main, [*more, "--dry-run"]).output.splitlines()
    assert planned == [
        "would change: b-sdp/control/0: added to SDPController/0 as SDPController",
        *(
            f"would change: b-sdp/subarray/{number}: added to SDPSubarray/{number} as SDPSubarray"
            for number in ("01", "02", "03")
        ),
        "4 changes",
    ]
    done = [line.removeprefix("would change: ") for line in planned]
    assert run(main, more).output.splitlines() == done
    assert run(main, more).output == "0 changes\n"
    database = either_tango_db.connect()
    names = database.get_device_exported("b-sdp/*"), database.get_device_member("b-sdp/subarray/*")
    assert [list(each) for each in names] == [[], ["01", "02", "03"]]


def test_the_command_refuses_bad_data(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text("{")
    result = CliRunner().invoke(main, ["register", str(file)])
    assert result.exit_code == 1
    assert "is not device data" in result.output
