"""Programs of this installation and their environment."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path


def installed_program(name: str, extra: str) -> str:
    """Return the path of an installed program: beside this Python, else on PATH.

    Raises:
        FileNotFoundError: it is not installed; names the extra that installs it.
    """
    beside = Path(sysconfig.get_path("scripts")) / name
    if beside.exists():
        return str(beside)
    on_path = shutil.which(name)
    if on_path is None:
        raise FileNotFoundError(
            f"there is no program {name} in {beside.parent} or on PATH: "
            f"install this package with its extra '{extra}'"
        )
    return on_path


def clean_environment(**settings: str) -> dict[str, str]:
    """Return the environment of this process with all database addresses replaced by settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "TANGO_HOST" and not name.startswith("SDP_CONFIG_")
    }
    return kept | settings
