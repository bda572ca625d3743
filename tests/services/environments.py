"""Virtual environments of programs that the tests install once, in the user's cache directory."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.services.debian import cache_directory

_TIMEOUT_S = 300


def installed_python(name: str, *requirements: str) -> Path:
    """Return the interpreter of an environment; skip where it cannot be installed.

    Args:
        name: name of the environment: the program with its version.
        requirements: what pip installs, as its arguments. Another text of a file among them has
            an environment of its own, and so has another interpreter of the tests.
    """
    home = cache_directory() / f"{name}-{_digest(requirements)}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}-") as made:
            _install(name, Path(made) / "venv", requirements)
            # Another test process may have installed it in the meantime.
            if not home.exists():
                (Path(made) / "venv").rename(home)
    return home / "bin" / "python"


def _digest(requirements: tuple[str, ...]) -> str:
    texts = [Path(each).read_text() if Path(each).is_file() else each for each in requirements]
    return hashlib.sha256(repr((Path(sys.executable).resolve(), texts)).encode()).hexdigest()[:12]


def _install(name: str, home: Path, requirements: tuple[str, ...]) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(home)]
    try:
        _run([sys.executable, "-m", "venv", "--without-pip", str(home)])
        _run([*pip, "install", "--quiet", "--only-binary", ":all:", *requirements])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output = error.stderr if isinstance(error.stderr, str) else ""
        reason = (output.strip().splitlines() or [str(error)])[-1]
        pytest.skip(f"{name} cannot be installed for {sys.version.split()[0]}: {reason}")


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
