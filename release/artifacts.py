"""The files of a release."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path

import helm_python

from release.archive import write_archive
from release.commit import Commit, run
from release.version import CHART

__all__ = [
    "build_chart",
    "build_image_contexts",
    "build_packages",
    "build_sbom",
    "write_checksums",
]

CHECKSUMS = "SHA256SUMS"


def build_packages(commit: Commit, target: Path) -> None:
    """Build the wheel and the source distribution."""
    # The copy of the files has no git repository.
    environment = {"SETUPTOOLS_SCM_PRETEND_VERSION": commit.version, **_environment(commit)}
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(target)]
    run([*build, "--target", "sdist", "--target", "wheel"], commit.files, environment)


def build_image_contexts(commit: Commit, target: Path) -> None:
    """Archive what the builds of the two images copy, with the Dockerfile of each."""
    lines = (commit.files / ".dockerignore").read_text().splitlines()
    included = [line[1:] for line in lines if line.startswith("!")]
    for name, directory, names in (
        ("image", commit.files, ["Dockerfile", ".dockerignore", *included]),
        ("tango-db-image", commit.files / "tango-db", ["."]),
    ):
        archive = target / f"ska-sdp-lmc-{name}-{commit.version}.tar.gz"
        write_archive(archive, directory, names, commit.timestamp)


def build_chart(commit: Commit, target: Path) -> None:
    """Package the chart with Helm's engine."""
    with tempfile.TemporaryDirectory() as place:
        packed = Path(helm_python.chart.package(commit.files / CHART, destination=place))
        unpacked = Path(place, "unpacked")
        with tarfile.open(packed) as archive:
            archive.extractall(unpacked, filter="data")
        # Helm's archive has the time of the build.
        write_archive(target / packed.name, unpacked, ["."], commit.timestamp)


def build_sbom(commit: Commit, target: Path) -> None:
    """Write the software bill of materials: the locked packages of the image, as CycloneDX."""
    bill = target / f"ska-sdp-lmc-{commit.version}.cdx.json"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "requirements/image.lock"]
    options = [
        "--pyproject",
        "pyproject.toml",
        "--output-reproducible",
        "--output-file",
        str(bill),
    ]
    run([*command, *options], commit.files, _environment(commit))
    content = json.loads(bill.read_text())
    # The version in pyproject.toml is dynamic, so the program does not find it.
    content["metadata"]["component"]["version"] = commit.version
    bill.write_text(json.dumps(content, indent=2) + "\n")


def write_checksums(target: Path) -> None:
    """Write the SHA-256 of each file, in the format of ``sha256sum``."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(target.iterdir())
    ]
    (target / CHECKSUMS).write_text("".join(lines))


def _environment(commit: Commit) -> dict[str, str]:
    # Both programs write this time to their files.
    return {**os.environ, "SOURCE_DATE_EPOCH": str(commit.timestamp)}
