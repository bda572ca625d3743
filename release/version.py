"""Forms of a version outside Python, and their place in the files of a release."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from packaging.version import Version

from release.commit import Commit
from release.errors import ReleaseError

__all__ = ["check_tag", "image_tag", "semantic_version", "write_version"]

CHART = Path("charts/ska-sdp-lmc")

_PHASES = {"a": "alpha", "b": "beta", "rc": "rc"}


def semantic_version(version: str) -> str:
    """Return a version as Helm requires it, e.g. ``0.1.1-0.dev.12+gabc1234``.

    The order of versions stays the same.

    Raises:
        ReleaseError: semantic versioning has no such version.
    """
    parsed = Version(version)
    if parsed.epoch or parsed.post is not None or len(parsed.release) > 3:
        raise ReleaseError(
            f"Version {version} of the chart: a semantic version has three numbers and neither "
            "an epoch nor a post-release; tag the commit with the next version"
        )
    numbers = ".".join(str(number) for number in (*parsed.release, 0, 0)[:3])
    before: list[str] = []
    if parsed.pre is not None:
        phase, number = parsed.pre
        # alpha.2.dev.1 would sort after alpha.2; alpha.1.dev.1 sorts before, and after alpha.1.
        if parsed.dev is not None:
            number -= 1
        if number < 0:
            raise ReleaseError(
                f"Version {version} of the chart: no semantic version sorts directly before "
                f"{phase}0; count pre-releases from 1"
            )
        before += [_PHASES[phase], str(number)]
    elif parsed.dev is not None:
        # A number sorts before alpha.
        before.append("0")
    if parsed.dev is not None:
        before += ["dev", str(parsed.dev)]
    local = f"+{parsed.local}" if parsed.local else ""
    return numbers + ("-" + ".".join(before) if before else "") + local


def image_tag(version: str) -> str:
    """Return the tag of the images of a version: a tag cannot contain ``+``."""
    return version.replace("+", "_")


def check_tag(commit: Commit) -> None:
    """Check that the files of a tagged commit have the version of the tag.

    Raises:
        ReleaseError: the chart has another version.
    """
    written = str(yaml.safe_load((commit.files / CHART / "Chart.yaml").read_text())["version"])
    if Version(commit.version).local is None and written != semantic_version(commit.version):
        raise ReleaseError(
            f"The tag is {commit.version}, but {CHART}/Chart.yaml has version {written}: write "
            "the version to the files that CONTRIBUTING.md lists under Release, and tag again"
        )


def write_version(commit: Commit) -> None:
    """Write the version of a commit to its Dockerfile and its chart."""
    dockerfile, chart = commit.files / "Dockerfile", commit.files / CHART
    _replace(dockerfile, r"^(ARG VERSION=).+$", commit.version, 1)
    _replace(dockerfile, r"^(ARG REVISION=).+$", commit.revision, 1)
    released = yaml.safe_load((chart / "Chart.yaml").read_text())["appVersion"]
    # The images of this project have the version of the release, other images their own.
    pattern = rf"^( +version: ){re.escape(released)}$"
    _replace(chart / "values.yaml", pattern, image_tag(commit.version), 2)
    _replace(chart / "Chart.yaml", r"^(version: ).+$", semantic_version(commit.version), 1)
    _replace(chart / "Chart.yaml", r"^(appVersion: ).+$", f'"{commit.version}"', 1)


def _replace(path: Path, pattern: str, value: str, count: int) -> None:
    text, found = re.subn(
        pattern, lambda match: match[1] + value, path.read_text(), flags=re.MULTILINE
    )
    if found != count:
        raise ReleaseError(
            f"{path} has {found} lines like {pattern}, expected {count}: adapt release/version.py"
        )
    path.write_text(text)
