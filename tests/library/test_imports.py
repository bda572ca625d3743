"""Public import paths."""

from __future__ import annotations

import pydoc
import subprocess
import sys
import textwrap
from importlib import import_module

import pytest

import ska_sdp_config
from ska_sdp_config import Config, ExecutionBlock
from ska_sdp_config.backends import MemoryBackend

PACKAGE = "ska_sdp_config"
NAMES = {
    "": (
        "Config ConfigCollision ConfigVanished ConfigConnectionError CommitUnknown "
        "TransactionTooLarge LeaseNotFound ProcessingBlock ExecutionBlock Deployment Script "
        "__version__"
    ),
    ".config": "Config Transaction TxnWrapper",
    ".entity": (
        "Flow Script ProcessingBlock ExecutionBlock Deployment Owner Dependency FlowSource"
    ),
    ".entity.flow": "Flow FlowSource Dependency DataProduct PVCPath",
    ".entity.common": "PVCPath ProcessingBlockId ExecutionBlockId",
    ".entity.common.path": "RelativePurePath AbsolutePurePath AnyPurePath",
    ".entity.pb": "ProcessingBlock PBDependency",
    ".entity.owner": "Owner",
    ".operations.entity_operations": "CollectiveEntityOperations EntityOperations",
    ".backend": (
        "Etcd3Backend MemoryBackend ConfigCollision ConfigVanished LeaseNotFound Compacted "
        "depth_of_path"
    ),
    ".backend.common": "ConfigCollision ConfigVanished depth_of_path",
    ".backend.etcd3": "Etcd3Backend",
    ".backend.memory": "MemoryBackend",
}


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in NAMES.items() for name in names.split()],
)
def test_public_name_is_importable(module: str, name: str) -> None:
    assert getattr(import_module(PACKAGE + module), name)


@pytest.mark.parametrize("module", ["", ".config", ".entity", ".backend"])
def test_unknown_name_raises_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        getattr(import_module(PACKAGE + module), "Nonsense")  # noqa: B009  attribute access is tested


def test_modules_are_attributes_of_package() -> None:
    program = (
        "import ska_sdp_config as c\n"
        "c.backend.ConfigCollision, c.config.Config, c.entity.Flow, c.entity.flow.PVCPath\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_help_of_package_names_all_that_it_has() -> None:
    text = pydoc.plain(pydoc.TextDoc().document(ska_sdp_config))
    description = text[: text.index("PACKAGE CONTENTS")]
    missing = [name for name in ska_sdp_config.__all__ if name not in description]
    assert missing == ["__version__"]


def test_help_of_package_shows_its_classes() -> None:
    program = "import ska_sdp_config; assert {*ska_sdp_config.__all__} < {*dir(ska_sdp_config)}"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
    text = pydoc.plain(pydoc.TextDoc().document(ska_sdp_config))
    assert "\n    class Config(" in text


def test_example_in_help_of_package_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = textwrap.dedent((ska_sdp_config.__doc__ or "").split("::\n")[1].split("\nClasses:")[0])
    monkeypatch.setenv("SDP_CONFIG_BACKEND", "memory")
    MemoryBackend.shared.clear()
    with Config(backend="memory") as config:
        for txn in config.txn():
            txn.processing_block.state("pb-a-20260131-00000").create({"own": 1})
            eb = ExecutionBlock(key="eb-a-20260131-00000", status="FINISHED")
            txn.execution_block.create(eb)
        exec(compile(text, "example", "exec"), {})
        for txn in config.txn():
            state = txn.processing_block.state("pb-a-20260131-00000").get()
    assert state == {"own": 1, "status": "RUNNING"}
