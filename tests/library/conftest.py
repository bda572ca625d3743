"""Fixtures of these tests, and programs that they run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ska_sdp_config import Config
from tests.support.configs import config, make_config

__all__ = ["config", "make_config"]

ROOT = Path(__file__).parents[2]


def get(config: Config, path: str) -> Any:
    for txn in config.txn():
        value = txn.get(path)
    return value


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    fails: bool = False,
) -> str:
    """Run a program to its end; return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout


def build(
    project: Path, target: str, directory: Path, env: Mapping[str, str] | None = None
) -> None:
    hatchling = (sys.executable, "-m", "hatchling", "build")
    run(*hatchling, "--target", target, "--directory", directory, cwd=project, env=env)
