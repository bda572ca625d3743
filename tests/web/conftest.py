"""Database with a subarray in FAULT, and a server of the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.web import WebPage
from tests.support.fault_scene import fault_scene
from tests.support.waiting import CALL

Write = Callable[[Mapping[str, Any]], None]

TOKEN = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    with Etcd(tmp_path_factory.mktemp("etcd")) as server:
        yield server


@pytest.fixture(scope="module")
def config(etcd: Etcd) -> Iterator[Config]:
    with Config(backend="etcd3", host=etcd.host, port=etcd.port, timeout=CALL) as client:
        yield client


@pytest.fixture(scope="module")
def write(config: Config) -> Write:
    """Function that writes documents by path in one transaction; None deletes."""

    def write_documents(documents: Mapping[str, Any]) -> None:
        for txn in config.txn():
            for path, document in documents.items():
                if document is None:
                    txn.delete(path)
                    continue
                text = document if isinstance(document, str) else json.dumps(document)
                put = txn.create if txn.get(path) is None else txn.update
                put(path, text)

    return write_documents


@pytest.fixture(scope="module")
def page(etcd: Etcd, write: Write, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    """Server of the page, without a token, of the scene with a fault."""
    write(fault_scene())
    with WebPage(tmp_path_factory.mktemp("web"), settings_of(etcd)) as server:
        yield server


def settings_of(etcd: Etcd) -> dict[str, str]:
    """Return the environment variables of a server of the page."""
    return {
        "SDP_CONFIG_HOST": etcd.host,
        "SDP_CONFIG_PORT": str(etcd.port),
        "TANGO_HOST": "127.0.0.1:1",
    }


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("token") / "token"
    path.touch(0o600)
    path.write_text(f"{TOKEN}\n")
    return path
