"""Options of both commands: defaults, and the errors of invalid values."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archiving.program import invoke, printed

COMMANDS = (("archiving", "--form", "2"), ("archiving", "--form", "1"), ("alarm-rules",))
each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@each_command
def test_host_is_tango_host_by_default(command: tuple[str, ...]) -> None:
    given = printed(*command, "--host", "databaseds.example:20000", tango_host="other:1")
    assert printed(*command, tango_host="databaseds.example:20000") == given
    assert "other" not in given


@each_command
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing option '--host' (env var: 'TANGO_HOST')"),
        (
            ("--host", ""),
            "'' is not the address of one Tango database: expected HOST or HOST:PORT",
        ),
        (("--host", "a:1,b:2"), "'a:1,b:2' is not the address of one Tango database"),
        (("--host", "a:0"), "'a:0' is not the address of one Tango database"),
        (("--host", "a:65536"), "'a:65536' is not the address of one Tango database"),
        (("--host", "a:x"), "'a:x' is not the address of one Tango database"),
        (("--host", "tango://a:1"), "'tango://a:1' is not the address of one Tango database"),
        (("--host", "a", "--subarrays", "x"), "Invalid value for '--subarrays'"),
        (("--host", "a", "--output", "."), "Invalid value for '--output'"),
    ],
)
def test_invalid_usage_names_the_option(
    command: tuple[str, ...], arguments: tuple[str, ...], message: str
) -> None:
    result = invoke(*command, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@each_command
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--subarrays", "0"), "there can be 1 to 99 subarrays, not 0"),
        (("--subarrays", "100"), "there can be 1 to 99 subarrays, not 100"),
        (("--prefix", "a/b"), "prefix 'a/b' is invalid in a device name: use letters"),
        (("--output", "absent/file"), "cannot write absent/file: No such file or directory"),
    ],
)
def test_invalid_value_is_rejected(
    command: tuple[str, ...],
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*command, "--host", "a", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


@pytest.mark.parametrize("option", ["--manager", "--archiver"])
@pytest.mark.parametrize("name", ["", "a/b", "a/b/c/d", "a//c", "a/b/c d"])
def test_name_of_archiver_device_is_checked(option: str, name: str) -> None:
    result = invoke("archiving", "--form", "1", "--host", "a", option, name)
    assert (result.exit_code, result.stdout) == (2, "")
    expected = f"Invalid value for '{option}': {name!r} is not a device name: expected DOMAIN/"
    assert expected in result.stderr


def test_form_is_required_and_checked() -> None:
    assert "Missing option '--form'" in invoke("archiving", "--host", "a").stderr
    wrong = invoke("archiving", "--host", "a", "--form", "3")
    assert "Invalid value for '--form': '3' is not one of '1', '2'" in wrong.stderr
    assert wrong.exit_code == 2
