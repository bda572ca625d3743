"""Picture of ``ska-sdp top``, on a real etcd during an observation."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from docs.generate.observation import fail_receive_script, observe

from ska_sdp_config import Config
from ska_sdp_config.cli.top.app import TopApp
from ska_sdp_sim.stack.etcd import Etcd

__all__ = ["top"]

TIMEOUT_S = 60.0
SIZE = 80, 24

_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Reference to another host in the template, to remove."""


@cache
def top() -> str:
    """Draw the screen of ``ska-sdp top`` in a scan whose script has failed."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Etcd(Path(directory)) as etcd,
        Config(host=etcd.host, port=etcd.port, component_name="proccontrol") as config,
        Config(host=etcd.host, port=etcd.port, component_name="helmdeploy"),
        Config(host=etcd.host, port=etcd.port, component_name="lmc-controller"),
        Config(host=etcd.host, port=etcd.port, component_name="lmc-subarray-01"),
    ):
        observe(config, "Scan", datetime.now(timezone.utc) - timedelta(minutes=3))
        fail_receive_script(config)
        return _WEB_FONT.sub("", asyncio.run(_picture(TopApp(config.backend, ""))))


async def _picture(app: TopApp) -> str:
    async with app.run_test(size=SIZE) as pilot:
        end = time.monotonic() + TIMEOUT_S
        while not app.model.revision and time.monotonic() < end:
            await pilot.pause(0.05)
        await pilot.pause()
        return app.export_screenshot(title="ska-sdp top")
