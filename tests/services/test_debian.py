"""etcd servers from newer Debian suites."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from tests.services import debian
from tests.services.debian import NotAvailableError, etcd_from_debian
from tests.services.etcd import version_of
from tests.services.versions import FROM_DEBIAN, program_of


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty cache directory, and no cached failure."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(debian, "_program_or_reason", debian._program_or_reason.__wrapped__)
    return tmp_path


@pytest.mark.parametrize("version", FROM_DEBIAN)
def test_program_has_the_requested_version(version: str) -> None:
    assert version_of(program_of(version)) == version


def test_missing_version_is_reported_with_the_available_ones() -> None:
    listed = (
        "etcd-server | 3.5.31-1 | http://debian.example sid/main amd64 Packages\n"
        "etcd-server | 3.5.30-2+b1 | http://debian.example forky/main amd64 Packages\n"
    )
    assert debian._package_version(listed, "3.5.30") == "3.5.30-2+b1"
    with pytest.raises(NotAvailableError, match=r"forky and sid have 3\.5\.31-1"):
        debian._package_version(listed.splitlines()[0], "3.5.30")
    with pytest.raises(NotAvailableError, match="forky and sid have no etcd"):
        debian._package_version("", "3.5.30")


def test_unreachable_mirror_is_reported(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens on port 1.
    monkeypatch.setattr(debian, "_mirror", lambda: "http://127.0.0.1:1/debian")
    with pytest.raises(NotAvailableError, match=r"etcd 3\.5\.30 of Debian .*apt-get failed: E:"):
        etcd_from_debian("3.5.30")
    assert [each.name for each in (empty_cache / "ska-sdp-lmc-tests/etcd").iterdir()] == ["lock"]


def test_missing_apt_is_reported(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(empty_cache))
    with pytest.raises(NotAvailableError, match="apt-get"):
        etcd_from_debian("3.5.30")


def _request(directory: Path) -> None:
    """Request a version in one of several processes; each download creates a file."""

    def download(version: str, cache: Path) -> None:
        (directory / f"downloaded-{multiprocessing.current_process().pid}").touch()
        program = cache / version / "usr/bin/etcd"
        program.parent.mkdir(parents=True)
        program.touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(directory))
        patch.setattr(debian, "_download", download)
        etcd_from_debian("3.5.30")


def test_concurrent_processes_download_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_request, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(list(tmp_path.glob("downloaded-*"))) == 1
