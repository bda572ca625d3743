"""Version of a build from each kind of source, and the files that name the newest release."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.library.conftest import ROOT, build, run

SOURCES = ("pyproject.toml", "README.md", "LICENSE", ".gitattributes", ".git_archival.txt")
PACKAGES = ("src", "devices")

TAG = "7.1.0"
PRETEND = "SETUPTOOLS_SCM_PRETEND_VERSION"
# The settings of the user must not change what git does.
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "SETUPTOOLS_SCM_"))},
}


def read(path: str) -> str:
    return (ROOT / path).read_text()


def found(pattern: str, path: str) -> str:
    match = re.search(pattern, read(path), re.MULTILINE)
    assert match, path
    return match[1]


RELEASE = found(r"^## (\d\S+), 20\d\d-\d\d-\d\d$", "CHANGELOG.md")
NEXT = re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), RELEASE)
FALLBACK = f"{NEXT}.dev0"


def git(place: Path, *arguments: str | Path) -> str:
    return run("git", *arguments, cwd=place, env=ENVIRONMENT).strip()


def copy_sources(target: Path) -> None:
    target.mkdir()
    for name in SOURCES:
        shutil.copy(ROOT / name, target)
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )


def commit(repository: Path, message: str) -> str:
    git(repository, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(repository, "rev-parse", "HEAD")


def archive(repository: Path, revision: str, target: Path) -> None:
    target.mkdir()
    tar = target.with_suffix(".tar")
    git(repository, "archive", "--output", tar, revision)
    shutil.unpack_archive(tar, target)


def clone(repository: Path, target: Path, *options: str) -> None:
    git(repository, "clone", "--quiet", *options, f"file://{repository}", target)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory with one source tree of each kind; ``head`` is the file with the commit."""
    if shutil.which("git") is None:
        pytest.skip("there is no git on PATH")
    place = tmp_path_factory.mktemp("sources")
    tagged, untagged = place / "one-after", place / "untagged"
    copy_sources(tagged)
    git(tagged, "init", "--quiet")
    git(tagged, "add", "--all")
    commit(tagged, "release")
    clone(tagged, untagged)
    git(tagged, "tag", TAG)
    clone(tagged, place / "release")
    head = commit(tagged, "after the release")
    clone(tagged, place / "shallow", "--depth", "1", "--no-tags")
    archive(tagged, TAG, place / "archive-of-release")
    archive(tagged, head, place / "archive-of-one-after")
    archive(untagged, "HEAD", place / "archive-without-tags")
    copy_sources(place / "plain")
    (place / "head").write_text(head)
    return place


def version_of_build(source: Path, target: str, directory: Path, **settings: str) -> str:
    build(source, target, directory, ENVIRONMENT | settings)
    (built,) = (each.name for each in directory.iterdir() if each.is_file())
    return built.split("-")[1].removesuffix(".tar.gz")


@pytest.mark.long
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("release", TAG),
        ("one-after", "7.1.1.dev1+g{commit}"),
        ("shallow", f"{NEXT}.dev1+g{{commit}}"),
        ("archive-of-release", TAG),
        ("archive-of-one-after", "7.1.1.dev1+g{commit}"),
        ("archive-without-tags", FALLBACK),
        ("plain", FALLBACK),
    ],
)
def test_build_has_the_version_of_its_source(
    sources: Path, source: str, expected: str, tmp_path: Path
) -> None:
    version = version_of_build(sources / source, "wheel", tmp_path)
    before, _, commit = version.partition("+g")
    if commit:
        # Git decides how long an abbreviated commit is.
        assert len(commit) >= 7
        assert (sources / "head").read_text().startswith(commit)
    assert f"{before}+g{{commit}}" == expected if commit else version == expected


@pytest.mark.long
def test_build_without_git_has_the_given_version(sources: Path, tmp_path: Path) -> None:
    assert version_of_build(sources / "plain", "wheel", tmp_path, **{PRETEND: "8.0.0"}) == "8.0.0"


@pytest.mark.long
def test_wheel_from_a_source_distribution_has_its_version(sources: Path, tmp_path: Path) -> None:
    version = version_of_build(sources / "one-after", "sdist", tmp_path)
    (packed,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(packed, tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert version_of_build(unpacked, "wheel", tmp_path / "wheels") == version


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("pyproject.toml", r'^fallback-version = "(.+)"$', FALLBACK),
        ("Dockerfile", r"^ARG VERSION=(.+)$", FALLBACK),
        ("docs/how-to/container.md", r"-t ska-sdp-lmc:(\S+) ", RELEASE),
        ("tango-db/compose.yaml", r"ska-sdp-lmc-tango-db:(\S+)$", RELEASE),
    ],
)
def test_file_names_the_version(path: str, pattern: str, expected: str) -> None:
    assert found(pattern, path) == expected


def test_chart_deploys_the_newest_release() -> None:
    chart = yaml.safe_load(read("charts/ska-sdp-lmc/Chart.yaml"))
    values = yaml.safe_load(read("charts/ska-sdp-lmc/values.yaml"))
    assert chart["version"] == chart["appVersion"] == RELEASE
    assert values["lmc"]["version"] == values["tangodb"]["databaseds"]["version"] == RELEASE
