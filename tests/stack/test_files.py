"""Directory and environment file of a stack."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from ska_sdp_sim.stack.directory import DirectoryInUse, stack_directory
from ska_sdp_sim.stack.env_file import env_file, export_line

WAY = {"TANGO_HOST": "127.0.0.1:1", "SDP_CONFIG_HOST": "127.0.0.1", "SDP_CONFIG_PORT": "2"}


def test_env_file_is_valid_shell(tmp_path: Path) -> None:
    path = tmp_path / "env"
    with env_file(path, WAY | {"ODD": "a b;$c"}):
        script = (
            f'. {path}; printf "%s|" "$TANGO_HOST" "$SDP_CONFIG_HOST" "$SDP_CONFIG_PORT" "$ODD"'
        )
        said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == "127.0.0.1:1|127.0.0.1|2|a b;$c|"
    assert export_line(WAY) == (
        "export TANGO_HOST=127.0.0.1:1 SDP_CONFIG_HOST=127.0.0.1 SDP_CONFIG_PORT=2"
    )


def test_env_file_is_removed_on_exit(tmp_path: Path) -> None:
    with env_file(tmp_path / "env", WAY):
        assert [path.name for path in tmp_path.iterdir()] == ["env"]
    assert list(tmp_path.iterdir()) == []


def test_env_file_of_another_stack_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "env"
    with env_file(path, WAY):
        path.write_text("export TANGO_HOST=elsewhere\n")
    assert path.read_text() == "export TANGO_HOST=elsewhere\n"


def test_missing_env_file_is_ignored_on_exit(tmp_path: Path) -> None:
    with env_file(tmp_path / "env", WAY):
        (tmp_path / "env").unlink()
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    with pytest.raises(IsADirectoryError), env_file(tmp_path / "env", WAY):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


def test_temporary_directory_is_private_and_removed() -> None:
    with stack_directory(None) as place:
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        (place / "etcd-data").mkdir()
    assert not place.exists()


def test_given_directory_is_created_and_kept(tmp_path: Path) -> None:
    with stack_directory(tmp_path / "a" / "b") as place:
        assert place.is_absolute()
    assert place.is_dir()


def test_directory_is_locked_for_one_stack(tmp_path: Path) -> None:
    with (
        stack_directory(tmp_path),
        pytest.raises(DirectoryInUse, match=f"another stack runs in {tmp_path}"),
        stack_directory(tmp_path),
    ):
        pass
    with stack_directory(tmp_path):
        pass
