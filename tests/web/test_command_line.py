"""Options of ``ska-sdp-lmc web``: what it prints, and what it rejects."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from ska_sdp_lmc.cli import main
from ska_sdp_web.server import describe
from ska_sdp_web.settings import Settings, SettingsError, read_token

TOKEN = "0123456789abcdef"


def run(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["web", *options], env={"SDP_CONFIG_BACKEND": "memory"})
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--allow-commands"], "--allow-commands needs --token-file"),
        (["--token-file", "/nowhere/token"], "/nowhere/token cannot be read"),
        (["--token-file", "http://me:secret@h/x"], "--token-file …@h/x cannot be read"),
        (["--frame-ancestor", "taranta.example"], "expected an origin"),
        (["--frame-ancestor", "me:secret@h"], "Invalid --frame-ancestor '…@h': expected"),
        (["--frame-ancestor", "https://a.example; script-src *"], "expected an origin"),
        (["--frame-ancestor", "https://a.example/x"], "expected an origin"),
        (["--frame-ancestor", "http://["], "expected an origin"),
        (["--frame-ancestor", "x" * 5_000], "…': expected an origin"),
        (["--bind", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
        (["--bind", "a..b"], "cannot listen on a..b"),
        (["--port", "65536"], "65536"),
        (["--prefix", "a/b"], "invalid in a device name"),
        (["--path-prefix", "test"], "expected e.g. /test"),
    ],
)
def test_invalid_option_is_rejected_in_one_line(options: Sequence[str], words: str) -> None:
    code, output = run(*options)
    assert code != 0
    (line,) = [each for each in output.splitlines() if each.startswith("Error: ")]
    assert words in line


def test_port_in_use_is_reported() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, output = run("--port", port)
    assert code == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in output


@pytest.mark.parametrize(
    "content", [b"", b"short", b"0123456789abcde\n", b"\xff" * 20, b"a" * 9999]
)
def test_token_that_is_not_valid_is_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="no valid token"):
        read_token(path)


def test_token_file_that_others_can_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    for mode in (0o600, 0o440):
        path.chmod(mode)
        assert read_token(path) == (TOKEN, "")
    path.chmod(0o644)
    token, warning = read_token(path)
    assert token == TOKEN
    assert "chmod 600" in warning


def test_token_is_not_in_the_text_of_the_settings() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "this machine only"),
        (Settings(bind="::1"), "http://[::1]:7/"),
        (Settings(bind="0.0.0.0"), "Warning: it listens on 0.0.0.0, so everyone"),
        (Settings(bind="::", token=TOKEN), "without encryption"),
    ],
)
def test_start_says_who_can_reach_the_page(settings: Settings, words: str) -> None:
    text = "\n".join(describe(settings, 7))
    assert words in text
    assert TOKEN not in text
