"""Fixtures: the rendered chart, and the etcd that it describes."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.chart.etcd_cluster import Cluster, Running
from tests.chart.rendering import VALUE_SETS, Objects, Renderer, values_of
from tests.support.certificates import Authority


@pytest.fixture(scope="session")
def render() -> Iterator[Renderer]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        yield Renderer(process)


@pytest.fixture(scope="session", params=VALUE_SETS, ids=lambda path: path.name[:-12])
def objects(request: pytest.FixtureRequest, render: Renderer) -> Objects:
    """Objects of each set of values of the chart."""
    return render(values_of(request.param))


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """Directory with the files of the Secret of etcd's members."""
    authority = Authority(tmp_path)
    directory = tmp_path / "etcd-tls"
    directory.mkdir()
    pair = authority.pair("127.0.0.1", "localhost")
    shutil.copy(authority.file, directory / "ca.crt")
    shutil.copy(pair.certificate, directory / "tls.crt")
    shutil.copy(pair.key, directory / "tls.key")
    return directory


@pytest.fixture
def running(render: Renderer, tmp_path: Path, certificates: Path) -> Iterator[Running]:
    with ExitStack() as undo:

        def start(values: dict[str, Any]) -> Cluster:
            cluster = Cluster(render(values), tmp_path, certificates)
            undo.callback(cluster.stop)
            cluster.start()
            return cluster

        yield start
