"""Server of the web page on a database of the test's choice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.web import WebPage
from tests.services.etcd import QUICK, data_deleted_after


class Scene:
    """A database and a server of the page on it.

    Attributes:
        etcd: the database.
        config: a client of it.
        web: the server.
    """

    def __init__(self, etcd: Etcd, config: Config, web: WebPage) -> None:
        self.etcd, self.config, self.web = etcd, config, web

    @property
    def url(self) -> str:
        """Address of the page, without a slash at its end."""
        return self.web.url.rstrip("/")

    def write(self, path: str, document: Any) -> None:
        """Create or update a document; None deletes it."""
        for txn in self.config.txn():
            if document is None:
                txn.delete(path)
            elif txn.get(path) is None:
                txn.create(path, json.dumps(document))
            else:
                txn.update(path, json.dumps(document))

    def fill(self, documents: Mapping[str, Any]) -> None:
        """Create documents in one transaction."""
        for txn in self.config.txn():
            for path, document in documents.items():
                txn.create(path, json.dumps(document))


@contextmanager
def running_scene(directory: Path, documents: Mapping[str, Any]) -> Iterator[Scene]:
    """Run an etcd with documents, and a server of the page on it."""
    with (
        data_deleted_after(Etcd(directory, flags=QUICK)) as etcd,
        Config(backend="etcd3", host=etcd.host, port=etcd.port) as config,
    ):
        settings = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
        with WebPage(directory, settings) as web:
            scene = Scene(etcd, config, web)
            scene.fill(documents)
            yield scene
