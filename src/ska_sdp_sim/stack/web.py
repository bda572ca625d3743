"""Server of the web page, as a process."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment

__all__ = ["WebPage"]


class WebPage(PortPart):
    """Server of the web page of a stack.

    Args:
        directory: Directory of its log.
        settings: Environment variables with the addresses of both databases.
        prefix: Prefix of ``-sdp`` in the device names.
        port: None chooses a free one.
        options: Further options of the command.
    """

    bind_failure = "cannot listen on"

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, str],
        prefix: str = "test",
        *,
        port: int | None = None,
        options: Sequence[str] = (),
    ) -> None:
        super().__init__("web page", directory / "web.log", port)
        self.settings = dict(settings)
        self._prefix = prefix
        self._options = tuple(options)

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{self.endpoint}/"

    def command(self) -> list[str]:
        """Return the command line."""
        options = ["--bind", self.host, "--port", str(self.port), "--prefix", self._prefix]
        return [sys.executable, "-m", "ska_sdp_lmc.cli", "web", *options, *self._options]

    def environment(self) -> dict[str, str]:
        """Return the environment with the settings."""
        return clean_environment(**self.settings)

    def is_ready(self) -> bool:
        """Return whether this process listens, and has read the database."""
        if self.url not in self.process.output():
            return False
        try:
            with urllib.request.urlopen(f"{self.url}readyz", timeout=2) as page:
                return bool(page.status == 200)
        except OSError:
            return False
