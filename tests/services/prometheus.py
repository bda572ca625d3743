"""Prometheus server of Debian's package, on the loopback interface."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None,
    reason="prometheus is missing: .ci/packages installs Debian's",
)

SCRAPE_INTERVAL_S = 1

_TIMEOUT_S = 10.0


class Prometheus(PortPart):
    """A Prometheus server with its configuration, data and log in one directory.

    Args:
        directory: where its files are.
        jobs: ``host:port`` of the targets of each job.
    """

    bind_failure = "address already in use"

    def __init__(self, directory: Path, jobs: Mapping[str, Sequence[str]]) -> None:
        super().__init__("prometheus", directory / "prometheus.log", None)
        self._directory = directory
        self._jobs = jobs

    def launch(self) -> None:
        """Write the configuration and start the process."""
        scraped = [
            {"job_name": job, "static_configs": [{"targets": list(targets)}]}
            for job, targets in self._jobs.items()
        ]
        interval = {"scrape_interval": f"{SCRAPE_INTERVAL_S}s"}
        self._file.write_text(yaml.safe_dump({"global": interval, "scrape_configs": scraped}))
        super().launch()

    def command(self) -> list[str]:
        """Return the command line."""
        return [
            "prometheus",
            f"--config.file={self._file}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address={self.endpoint}",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment without proxies for the targets."""
        return clean_environment(NO_PROXY=self.host)

    def is_ready(self) -> bool:
        """Return whether it serves queries."""
        try:
            with urllib.request.urlopen(f"http://{self.endpoint}/-/ready", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and the value of each series of an expression's present result."""
        words = urllib.parse.urlencode({"query": expression})
        url = f"http://{self.endpoint}/api/v1/query?{words}"
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
            data: dict[str, Any] = json.load(response)["data"]
        assert data["resultType"] == "vector", expression
        return [(each["metric"], float(each["value"][1])) for each in data["result"]]

    @property
    def _file(self) -> Path:
        return self._directory / "prometheus.yaml"
