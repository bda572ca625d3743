"""Versions of the chart and the images, and what a release is not built from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.version import Version
from release.commit import export
from release.errors import ReleaseError
from release.version import check_tag, image_tag, semantic_version, write_version

from tests.support.release import ENVIRONMENT, VERSION, git, make_clone

IN_ORDER = {
    "0.1.0": "0.1.0",
    "0.1.1.dev12": "0.1.1-0.dev.12",
    "0.2.0.dev3+g1234567": "0.2.0-0.dev.3+g1234567",
    "0.2.0a1": "0.2.0-alpha.1",
    "0.2.0a2.dev1": "0.2.0-alpha.1.dev.1",
    "0.2.0a2": "0.2.0-alpha.2",
    "0.2.0b1.dev4": "0.2.0-beta.0.dev.4",
    "0.2.0b2": "0.2.0-beta.2",
    "0.2.0rc1": "0.2.0-rc.1",
    "0.2.0": "0.2.0",
    "1.0": "1.0.0",
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clone(tmp_path_factory.mktemp("versions"))


def failure(clone: Path, target: Path) -> str:
    """Return the error of a build."""
    done = subprocess.run(
        [sys.executable, "-m", "release", target],
        cwd=clone,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(("version", "expected"), IN_ORDER.items())
def test_version_of_chart_is_semantic(version: str, expected: str) -> None:
    assert semantic_version(version) == expected


def test_version_before_the_first_prerelease_is_rejected() -> None:
    with pytest.raises(ReleaseError, match="count pre-releases from 1"):
        semantic_version("0.1.0a0.dev2")


def precedence(version: str) -> tuple[list[int], bool, list[tuple[bool, int, str]]]:
    """Return the key for the order of semantic versions, https://semver.org, section 11."""
    numbers, _, before = version.partition("+")[0].partition("-")
    parts = before.split(".") if before else []
    return (
        [int(number) for number in numbers.split(".")],
        not before,
        [(False, int(p), "") if p.isdigit() else (True, 0, p) for p in parts],
    )


def test_order_of_versions_stays_the_same() -> None:
    assert sorted(IN_ORDER, key=Version) == list(IN_ORDER)
    assert sorted(IN_ORDER.values(), key=precedence) == list(IN_ORDER.values())


@pytest.mark.parametrize("version", ["0.1.0.post1", "1!0.1.0", "0.1.0.1"])
def test_version_without_semantic_form_is_rejected(version: str) -> None:
    with pytest.raises(ReleaseError, match="tag the commit with the next version"):
        semantic_version(version)


def test_image_tag_has_no_plus() -> None:
    assert image_tag("0.1.1.dev1+g1234567") == "0.1.1.dev1_g1234567"


@pytest.mark.long
def test_files_between_tags_have_the_version_of_the_commit(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "after")
    commit = export(clone, tmp_path / "files")
    check_tag(commit)
    write_version(commit)
    assert commit.version.partition("+g")[0] == f"{VERSION[:-1]}{int(VERSION[-1]) + 1}.dev1"
    dockerfile = (commit.files / "Dockerfile").read_text()
    assert f"\nARG VERSION={commit.version}\n" in dockerfile
    assert f"\nARG REVISION={commit.revision}\n" in dockerfile
    chart = yaml.safe_load((commit.files / "charts/ska-sdp-lmc/Chart.yaml").read_text())
    assert chart["appVersion"] == commit.version
    assert chart["version"] == semantic_version(commit.version)
    values = yaml.safe_load((commit.files / "charts/ska-sdp-lmc/values.yaml").read_text())
    assert values["lmc"]["version"] == image_tag(commit.version)
    assert values["tangodb"]["databaseds"]["version"] == image_tag(commit.version)


@pytest.mark.long
def test_uncommitted_files_are_not_exported(clone: Path, tmp_path: Path) -> None:
    (clone / "src/untracked.py").touch()
    commit = export(clone, tmp_path / "files")
    assert commit.version == VERSION
    assert (commit.files / "src/ska_sdp_config/__init__.py").exists()
    assert not (commit.files / "src/untracked.py").exists()


@pytest.mark.long
def test_changed_file_is_rejected(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    with (clone / "README.md").open("a") as readme:
        readme.write("more\n")
    error = failure(clone, tmp_path / "dist")
    assert "commit or undo them\nM README.md" in error


@pytest.mark.long
def test_tag_that_differs_from_the_chart_is_rejected(tmp_path: Path) -> None:
    clone = make_clone(tmp_path, tag="7.1.0")
    error = failure(clone, tmp_path / "dist")
    assert f"The tag is 7.1.0, but charts/ska-sdp-lmc/Chart.yaml has version {VERSION}" in error
    assert list((tmp_path / "dist").iterdir()) == []


@pytest.mark.long
def test_directory_with_files_is_rejected(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "old.whl").touch()
    assert f"{tmp_path} is not empty: remove its files" in failure(clone, tmp_path)


@pytest.mark.long
def test_tree_without_git_is_rejected(clone: Path, tmp_path: Path) -> None:
    commit = export(clone, tmp_path / "files")
    assert "not a git repository" in failure(commit.files, tmp_path / "dist")
