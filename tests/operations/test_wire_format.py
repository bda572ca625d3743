"""Paths and exact texts that collections and flat methods store."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config.config import Config
from ska_sdp_config.entity import (
    Dependency,
    Deployment,
    ExecutionBlock,
    Flow,
    Owner,
    ProcessingBlock,
    Script,
)
from ska_sdp_config.entity.flow import SharedMem
from ska_sdp_config.transaction import Transaction
from tests.support.configs import MakeConfig

KEY = Script.Key(kind="batch", name="imaging", version="1.0.0")

PB = """\
{
  "dependencies": [],
  "eb_id": null,
  "key": "pb-x",
  "parameters": {
    "étoile": "☆"
  },
  "pb_id": "pb-x",
  "script": {
    "kind": "batch",
    "name": "imaging",
    "version": "1.0.0"
  }
}"""


def write_all(txn: Transaction) -> None:
    txn.processing_block.create(ProcessingBlock("pb-x", None, KEY, {"étoile": "☆"}))
    txn.processing_block.state("pb-x").create({"status": "RUNNING", "n": []})
    txn.processing_block.ownership("pb-x").take()
    txn.execution_block.create(ExecutionBlock(key="eb-x", test=True))
    txn.execution_block.state("eb-x").create({})
    txn.deployment.create(Deployment("proc-x", "helm", {"chart": "c"}))
    txn.script.create(Script(key=KEY, image="registry/imaging:1"))
    txn.flow.create(
        Flow(key=Flow.Key(pb_id="pb-x", name="v"), sink=SharedMem(impl="p"), data_model="V")
    )
    txn.dependency.create(
        Dependency(key=Dependency.Key(pb_id="pb-x", kind="copy", name="v", origin="dlm"))
    )
    txn.component.ownership("proccontrol").take()
    txn.controller.create({"state": "OFF"})
    txn.subarray.create("01", {"state": "OFF"})


PATHS = [
    "/component/proccontrol/owner",
    "/dependency/pb-x:copy:v:dlm",
    "/deploy/proc-x",
    "/eb/eb-x",
    "/eb/eb-x/state",
    "/flow/pb-x:shared-mem:v",
    "/lmc/controller",
    "/lmc/subarray/01",
    "/pb/pb-x",
    "/pb/pb-x/owner",
    "/pb/pb-x/state",
    "/script/batch:imaging:1.0.0",
]


@pytest.mark.parametrize("prefix", ["", "/t", "/a/b"])
def test_stored_paths(make_config: MakeConfig, prefix: str) -> None:
    config = make_config(global_prefix=prefix)
    for txn in config.txn():
        write_all(txn)
    for txn in config.txn():
        assert txn.list_keys("/", recurse=8) == [prefix + path for path in PATHS]
        assert txn.processing_block.list_keys() == ["pb-x"]
        assert txn.component.list_keys() == ["proccontrol"]
        assert txn.list_subarrays() == ["01"]


def test_stored_texts(config: Config) -> None:
    for txn in config.txn():
        write_all(txn)
    for txn in config.txn():
        assert txn.get("/pb/pb-x") == PB
        assert txn.get("/pb/pb-x/state") == '{\n  "n": [],\n  "status": "RUNNING"\n}'
        assert txn.get("/eb/eb-x") == (
            '{\n  "eb_id": "eb-x",\n  "key": "eb-x",\n  "test": true\n}'
        )
        assert txn.get("/eb/eb-x/state") == "{}"
        assert txn.get("/deploy/proc-x") == (
            '{\n  "args": {\n    "chart": "c"\n  },\n  "dpl_id": "proc-x",\n  '
            '"key": "proc-x",\n  "kind": "helm"\n}'
        )
        assert txn.get("/script/batch:imaging:1.0.0") == '{\n  "image": "registry/imaging:1"\n}'
        assert txn.component.get("proccontrol") == Owner(**config.owner)


def test_global_prefix_is_not_applied_to_full_paths(make_config: MakeConfig) -> None:
    config = make_config(global_prefix="/t")
    for txn in config.txn():
        txn.create("/pb/pb-x", "any text, no JSON")
        txn.arbitrary.create("/some/where", {"a": 1})
    for txn in config.txn():
        assert txn.get("/pb/pb-x") == "any text, no JSON"
        assert txn.get("/some/where") == '{\n  "a": 1\n}'
        assert txn.processing_block.get("pb-x") is None
        assert txn.list_processing_blocks() == []


def test_sparse_execution_block_is_written_back_unchanged(config: Config) -> None:
    for txn in config.txn():
        txn.create("/eb/eb-x", '{"test": true}')
    for txn in config.txn():
        eb = txn.execution_block.get("eb-x")
        assert eb
        assert (eb.key, eb.model_extra) == ("eb-x", {"test": True})
        txn.execution_block.update(eb)
    for txn in config.txn():
        assert txn.get("/eb/eb-x") == '{\n  "test": true\n}'


@pytest.mark.parametrize("text", ['{"pb_id":"pb-x","more":1}', '{"key":"pb-x","more":1}'])
def test_old_processing_block_is_readable(config: Config, text: str) -> None:
    old = text[:-1] + ',"script":{"type":"batch","id":"imaging","version":"1.0.0"}}'
    for txn in config.txn():
        txn.create("/pb/pb-x", old)
    for txn in config.txn():
        pb: Any = txn.processing_block.get("pb-x")
        assert (pb.script, pb.more) == (KEY, 1)
