"""Etcd servers of Debian suites newer than the machine's, unpacked into a cache directory.

Nothing is installed and the machine's own apt sources stay as they are. The mirror is the one that
the machine's sources name.
"""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SUITES = {"3.5.16": ("trixie",), "3.5.30": ("forky", "sid")}
"""Suites of each version; forky and sid move on to newer versions."""

PACKAGE = "etcd-server"

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_TIMEOUT_S = 300
"""Limit for each apt or dpkg command, so that a dead mirror does not block the tests."""


class NotAvailableError(Exception):
    """The version is not available; the text gives the reason."""


def etcd_from_debian(version: str) -> Path:
    """Return the path of the etcd program of a version, downloading it if it is not cached.

    Concurrent processes download once. A process caches a failure.

    Raises:
        NotAvailableError: no apt, no response of the mirror, or no suite has the version.
    """
    found = _program_or_reason(version)
    if isinstance(found, str):
        raise NotAvailableError(f"etcd {version} of Debian is not available: {found}")
    return found


@cache
def _program_or_reason(version: str) -> Path | str:
    directory = cache_directory() / "etcd"
    program = directory / version / "usr/bin/etcd"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory / "lock"):
            if not program.exists():
                _download(version, directory)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "no output").strip().splitlines()
        return f"{error.cmd[0]} failed: {lines[-1]}"
    except (NotAvailableError, OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return program


def cache_directory() -> Path:
    """Return the directory of programs that the tests install once for a user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ska-sdp-lmc-tests"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel releases it when the process ends."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(version: str, directory: Path) -> None:
    """Unpack the package of a version into ``directory/version``."""
    with tempfile.TemporaryDirectory(dir=directory) as name:
        scratch = Path(name)
        options = _private_apt(scratch, _mirror(), SUITES[version])
        _run("apt-get", *options, "update")
        package_version = _package_version(
            _run("apt-cache", *options, "madison", PACKAGE), version
        )
        _run("apt-get", *options, "download", f"{PACKAGE}={package_version}", cwd=scratch)
        (package,) = scratch.glob("*.deb")
        _run("dpkg", "-x", str(package), str(scratch / "unpacked"))
        # The rename is atomic, so no other process sees a part of the program.
        (scratch / "unpacked").rename(directory / version)


def _private_apt(scratch: Path, mirror: str, suites: Iterable[str]) -> list[str]:
    """Return options for apt that use only the settings of the machine, not its state.

    Proxies, credentials and certificates of the machine's apt configuration stay in force.
    """
    sources = scratch / "sources.list"
    sources.write_text(
        "".join(f"deb [signed-by={_KEYRING}] {mirror} {suite} main\n" for suite in suites)
    )
    (scratch / "status").touch()
    for each in ("state/lists/partial", "cache/archives/partial"):
        (scratch / each).mkdir(parents=True)
    values = {
        "Dir::State": scratch / "state",
        "Dir::State::status": scratch / "status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::PDiffs": "false",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
        # The scratch directory is closed to apt's own user.
        "APT::Sandbox::User": "root",
        # Without this, update succeeds although a suite could not be fetched.
        "APT::Update::Error-Mode": "any",
    }
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """Return the address of the Debian archive that the machine's sources name."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    listed = _run(
        *("apt-get", "indextargets", "--no-release-info"),
        *("--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"),
    )
    for line in listed.splitlines():
        address, release, component = line.split()
        if release in (codename, "stable") and component == "main":
            return address
    raise NotAvailableError(f"the apt sources of this machine name no Debian suite {codename!r}")


def _package_version(listed: str, version: str) -> str:
    """Return the package's version for an upstream version, from lines of apt-cache madison."""
    versions = [line.split("|")[1].strip() for line in listed.splitlines()]
    for each in versions:
        if each.partition("-")[0] == version:
            return each
    raise NotAvailableError(
        f"{' and '.join(SUITES[version])} have {', '.join(sorted(set(versions))) or 'no etcd'}"
    )


def _run(*command: str, cwd: Path | None = None) -> str:
    """Run a command and return its output; raises CalledProcessError or OSError."""
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, timeout=_TIMEOUT_S, cwd=cwd
    )
    return done.stdout
