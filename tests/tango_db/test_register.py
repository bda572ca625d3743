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
from ska_sdp_lmc.ops.tango_db.data import Registration, expand, read
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.stack.tango_db import TangoDatabaseServer

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
            stored = list(connection.get_device_property_list(name, "*"))
            if stored:
                connection.delete_device_property(name, stored)
        if names:
            connection.delete_server(server)


def devices(**properties: list[str]) -> list[Registration]:
    expanded = expand(read(), subarrays=2, prefix=PREFIX).devices()
    return [dataclasses.replace(device, properties=properties) for device in expanded]


@pytest.mark.long
def test_second_registration_changes_nothing(database: tango.Database) -> None:
    wanted = devices(TimeoutConfigure=["60"], ReceiveScripts=["a", "b"])
    assert len(register(database, wanted)) == 9
    info = database.get_device_info(f"{PREFIX}-sdp/subarray/02")
    assert (info.ds_full_name, info.class_name) == ("SDPSubarray/02", "SDPSubarray")
    stored = database.get_device_property(info.name, ["TimeoutConfigure", "ReceiveScripts"])
    assert {name: list(values) for name, values in stored.items()} == wanted[0].properties
    assert register(database, wanted) == []


def test_dry_run_reports_changes_without_making_them(database: tango.Database) -> None:
    wanted = devices(TimeoutConfigure=["60"])
    planned = register(database, wanted, dry_run=True)
    with pytest.raises(tango.DevFailed, match="not defined"):
        database.get_device_info(f"{PREFIX}-sdp/subarray/01")
    assert planned == register(database, wanted)


def test_register_writes_only_differences(database: tango.Database) -> None:
    name = f"{PREFIX}-sdp/subarray/01"
    register(database, devices(TimeoutConfigure=["60"], ReceiveScripts=["x"]))
    database.put_device_property(name, {"SetByHand": ["1"]})
    changes = register(database, devices(TimeoutConfigure=["90"], ReceiveScripts=[])[1:2])
    assert [str(change) for change in changes] == [
        f"{name}: property TimeoutConfigure set to ['90'], was ['60']",
        f"{name}: property ReceiveScripts removed, was ['x']",
    ]
    stored = database.get_device_property(
        name, ["TimeoutConfigure", "ReceiveScripts", "SetByHand"]
    )
    assert [list(stored[key]) for key in stored] == [["90"], [], ["1"]]


def test_register_sets_and_removes_properties_of_attributes(database: tango.Database) -> None:
    subarray = devices()[1]

    def change(wanted: dict[str, dict[str, list[str]]], *, dry_run: bool = False) -> list[str]:
        entry = dataclasses.replace(subarray, attribute_properties=wanted)
        return [each.what for each in register(database, [entry], dry_run=dry_run)]

    register(database, [subarray])
    wanted = {"scanID": {"abs_change": ["1"], "format": ["%d"]}, "obsState": {"label": ["a"]}}
    planned = change(wanted, dry_run=True)
    assert planned == [
        "property scanID/abs_change set to ['1'], was []",
        "property scanID/format set to ['%d'], was []",
        "property obsState/label set to ['a'], was []",
    ]
    assert change(wanted) == planned
    assert change(wanted) == []
    assert change({"scanID": {"abs_change": [], "format": ["%x"]}}) == [
        "property scanID/abs_change removed, was ['1']",
        "property scanID/format set to ['%x'], was ['%d']",
    ]
    stored = database.get_device_attribute_property(subarray.device, ["scanID", "obsState"])
    assert {name: list(values) for name, values in stored["scanID"].items()} == {"format": ["%x"]}
    assert list(stored["obsState"]["label"]) == ["a"]
    assert len(change({"scanID": {"format": []}, "obsState": {"label": []}})) == 2


def test_register_moves_device_to_another_server(database: tango.Database) -> None:
    subarray = devices()[1]
    register(database, [subarray])
    moved = dataclasses.replace(subarray, server="SDPSubarray/77")
    assert [change.what for change in register(database, [moved])] == [
        "moved from SDPSubarray/01 as SDPSubarray to SDPSubarray/77 as SDPSubarray"
    ]
    assert database.get_device_info(subarray.device).ds_full_name == "SDPSubarray/77"


@pytest.mark.usefixtures("database")
def test_register_command_prints_changes(
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


def test_register_command_rejects_invalid_data(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text("{")
    result = CliRunner().invoke(main, ["register", str(file)])
    assert result.exit_code == 1
    assert "is not device data" in result.output
