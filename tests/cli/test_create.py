"""`ska-sdp create`, on etcd."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.new_eb import new_eb_fields
from ska_sdp_config.operations import new_id

from .conftest import Run, contents, fill

TODAY = "20260131"


class Noon(datetime):
    """Clock at noon, so that the day does not change during a test."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Noon:
        return cls(2026, 1, 31, 12, tzinfo=tz)


@pytest.fixture(autouse=True)
def _same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the date in new IDs."""
    monkeypatch.setattr(new_id, "datetime", Noon)


USES: list[tuple[str, str, Any]] = [
    (
        """eb eb-test-20210524-000000 '{"test": true}'""",
        "/eb/eb-test-20210524-000000",
        {"test": True},
    ),
    ("script batch:test:0.0.0 '{image: i}'", "/script/batch:test:0.0.0", {"image": "i"}),
    (
        """deployment dpl-a helm '{"chart": "c", "values": {"n": 1}}'""",
        "/deploy/dpl-a",
        {
            "key": "dpl-a",
            "dpl_id": "dpl-a",
            "kind": "helm",
            "args": {"chart": "c", "values": {"n": 1}},
        },
    ),
    (
        "flow pb-a:data-queue:vis '{data_model: Visibility, expiry_time: -1}'",
        "/flow/pb-a:data-queue:vis",
        {"data_model": "Visibility", "expiry_time": -1},
    ),
    (
        "dependency pb-a:data-queue:vis:plot '{description: d}'",
        "/dependency/pb-a:data-queue:vis:plot",
        {"description": "d"},
    ),
    (
        "resource storage:buffer '{quantity: 100, unit: MB}'",
        "/resource/storage:buffer",
        {"quantity": 100, "unit": "MB"},
    ),
    ("resource buffer '{site: [1]}'", "/resource/buffer", {"site": [1]}),
    (
        "request pb-a:data '{resource: /resource/storage:buffer, quantity: 5}'",
        "/request/pb-a:data",
        {"resource": "/resource/storage:buffer", "quantity": 5},
    ),
    (
        "allocation pb-a:data '{resource: /resource/storage:buffer, request: null}'",
        "/allocation/pb-a:data",
        {"resource": "/resource/storage:buffer", "request": None},
    ),
    ("/some/key '[1, é]'", "/some/key", [1, "é"]),
]


@pytest.mark.parametrize(("line", "path", "value"), USES, ids=[use[1] for use in USES])
def test_create_stores_the_given_value(
    database: Config, ska_sdp: Run, line: str, path: str, value: Any
) -> None:
    result = ska_sdp("create", *shlex.split(line))
    assert result == (0, f"created {path}\n", "")
    assert contents(database) == {path: encode(value)}


def test_create_pb_without_an_execution_block(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/script/batch:test:1.0.0": {"image": "i"}})
    first = ska_sdp("create", "pb", "batch:test:1.0.0")
    second = ska_sdp("-q", "create", "pb", "batch:test:1.0.0", '{"key1": "value1"}')
    assert first == (0, f"created /pb/pb-sdpcli-{TODAY}-00000\n", "")
    assert second == (0, f"pb-sdpcli-{TODAY}-00001\n", "")
    for txn in database.txn():
        found = txn.processing_block.list_values()
    assert [(pb.eb_id, str(pb.script), pb.parameters, pb.dependencies) for _, pb in found] == [
        (None, "batch:test:1.0.0", {}, []),
        (None, "batch:test:1.0.0", {"key1": "value1"}, []),
    ]


def test_create_pb_with_an_execution_block(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/t/script/realtime:vis:1.0.0": {"image": "i"}})
    result = ska_sdp(
        "create", "--prefix=/t", "--eb", '{"max_length": 60.0, "more": [1]}', "-q", "pb",
        "realtime:vis:1.0.0", "{}",
    )  # fmt: skip
    pb_id, eb_id = f"pb-sdpcli-{TODAY}-00000", f"eb-sdpcli-{TODAY}-00000"
    assert result == (0, f"{pb_id}\n{eb_id}\n", "")
    stored = {path: json.loads(text) for path, text in contents(database).items()}
    eb = stored[f"/t/eb/{eb_id}"]
    assert datetime.strptime(eb["last_updated"], "%Y-%m-%d %H:%M:%S")
    assert eb == {
        "key": eb_id,
        "eb_id": eb_id,
        "max_length": 60.0,
        "more": [1],
        **new_eb_fields(),
        "pb_realtime": [pb_id],
        "last_updated": eb["last_updated"],
    }
    assert (eb["scan_id"], eb["scans"], eb["status"], eb["subarray_id"]) == (
        None,
        [],
        "ACTIVE",
        None,
    )
    assert stored[f"/t/eb/{eb_id}/state"] == {
        "scan_id": None,
        "scan_type": None,
        "scans": [],
        "status": "ACTIVE",
        "last_updated": eb["last_updated"],
    }
    assert stored[f"/t/pb/{pb_id}"] == (
        ProcessingBlock(pb_id, eb_id, "realtime:vis:1.0.0", {}, []).to_dict()
    )


@pytest.mark.parametrize("scans", ["null", "{}"])
def test_create_pb_accepts_scans_of_any_form(database: Config, ska_sdp: Run, scans: str) -> None:
    fill(database, {"/script/batch:test:1.0.0": {"image": "i"}})
    assert ska_sdp("create", "pb", "batch:test:1.0.0", "--eb", f'{{"scans": {scans}}}').code == 0


def test_create_pb_warns_about_a_missing_script(ska_sdp: Run) -> None:
    result = ska_sdp("create", "pb", "batch:none:1")
    assert result.code == 0
    assert result.err == (
        "ska-sdp: Script batch:none:1 does not exist, and the processing block will fail: "
        "import the script, then create another block.\n"
    )
    assert ska_sdp("create", "pb", "batch:none:1", "-q").err == ""


def test_create_reads_files_and_standard_input(
    database: Config, ska_sdp: Run, tmp_path: Path
) -> None:
    file = tmp_path / "value.yaml"
    file.write_text("test: 1.10\n")
    assert ska_sdp("create", "eb", "eb-a", f"@{file}").code == 0
    assert ska_sdp("create", "eb", "eb-b", "-", stdin='{"test": "b"}').code == 0
    assert ska_sdp("create", "/c", "--force", "-", stdin="any\n text").code == 0
    assert contents(database) == {
        "/c": "any\n text",
        "/eb/eb-a": encode({"test": 1.1}),
        "/eb/eb-b": encode({"test": "b"}),
    }
    assert "cannot be read: No such file" in ska_sdp("create", "eb", "eb-c", "@/none").err
    both = ska_sdp("create", "pb", "batch:a:1", "-", "--eb=-")
    assert (both.code, "can be used only once" in both.err) == (2, True)


FORMATS = [
    ([], "created /eb/eb-a\n"),
    (["-q"], "eb-a\n"),
    (["-o", "name"], "/eb/eb-a\n"),
    (["-o", "yaml"], "---\ncreated:\n- /eb/eb-a\nunchanged: 0\n"),
    (["-o", "json", "-q"], '[\n  "eb-a"\n]\n'),
    (["-o", "table", "-q"], "eb-a\n"),
]


@pytest.mark.parametrize(("options", "out"), FORMATS)
def test_create_prints_each_format(ska_sdp: Run, options: list[str], out: str) -> None:
    assert ska_sdp("create", *options, "eb", "eb-a", "{}") == (0, out, "")


def test_create_with_force_skips_validation(database: Config, ska_sdp: Run) -> None:
    assert ska_sdp("create", "--force", "/pb/pb-a", "{ no JSON").code == 0
    assert ska_sdp("create", "--force", "/eb/eb_a", "{}").code == 0
    assert contents(database) == {"/eb/eb_a": "{}", "/pb/pb-a": "{ no JSON"}
