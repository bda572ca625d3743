"""Help, options in any position, exit codes and errors of all commands."""

from __future__ import annotations

import itertools
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config import Config, operations
from ska_sdp_config.cli.errors import Failed, NotFound, TimedOut, Unfinished, explain
from ska_sdp_config.cli.group import Group
from ska_sdp_config.cli.objects import OBJECTS, SYSTEM
from ska_sdp_config.cli.options import COMMON, flag, has_debug, roles
from ska_sdp_config.cli.program import VERBS
from ska_sdp_config.operations.entity_operations import CollectiveEntityOperations
from ska_sdp_config.store.errors import (
    CommitUnknown,
    ConfigCollision,
    ConfigVanished,
    TransactionTooLarge,
)

from .conftest import Run, assert_rejected, fill, run_command

PATHS = [
    [],
    *([verb] for verb in VERBS),
    *(["list", kind.name] for kind in OBJECTS if kind != SYSTEM),
    *([verb, kind.name] for verb in ("get", "watch") for kind in OBJECTS),
    ["describe", "eb"],
    ["wait", "pb"],
    ["create", "pb"],
    ["create", "deployment"],
    ["update", "pb-state"],
    ["edit", "controller"],
    ["delete", "prefix"],
    ["end", "eb"],
    ["import", "scripts"],
    ["import", "system"],
]

# Help on every level, in one process, without the import of heavy packages.
ALL_HELP = """
import sys
from ska_sdp_config.cli.program import run
for path in {paths}:
    print("###")
    assert run([*path, "-h"]) == 0
heavy = {{"grpc", "google.protobuf", "pyetcd", "pydantic", "rich", "yaml"}} & set(sys.modules)
assert not heavy, heavy
"""


def test_help_imports_no_heavy_packages() -> None:
    result = run_command([sys.executable, "-c", ALL_HELP.format(paths=PATHS)])
    assert (result.code, result.err) == (0, "")
    helps = dict(zip(map(tuple, PATHS), result.out.split("###\n")[1:], strict=True))
    for path, text in helps.items():
        assert f"Usage: {' '.join(['ska-sdp', *path])} " in text
        assert "-h, --help" in text
    for verb in VERBS:
        assert verb in helps[()]
        assert "-d, --debug" in helps[(verb,)]
    for kind in OBJECTS:
        assert kind.about in helps[()]
        assert kind == SYSTEM or kind.name in helps[("list",)]
    for usage in (
        "ska-sdp list (-a|--all) [options]",
        "ska-sdp list [options] pb [DATE]",
        "ska-sdp list [options] script [KIND]",
        "ska-sdp list [options] (deployment|eb|controller|subarray)",
        "ska-sdp list (-h|--help)",
    ):
        assert usage in helps[("list",)]
    for option in ("-q, --quiet", "-a, --all", "-v, --values", "--prefix", "-o, --output"):
        assert option in helps[("list",)]
    for verb in ("get", "watch"):
        assert f"ska-sdp {verb} [options] KEY" in helps[(verb,)]
        assert f"ska-sdp {verb} [options] pb ID" in helps[(verb,)]
    assert "--timeout" in helps[("watch",)]
    assert "ska-sdp import scripts [options] FILE-OR-URL" in helps[("import",)]
    assert "--sync" in helps[("import",)]


@pytest.mark.parametrize(
    "line",
    [
        "-v list --prefix=/t pb",
        "--prefix /t -v list pb",
        "list -v --prefix /t pb",
        "list pb --prefix /t --values",
        "-v --prefix /t list pb 20210102",
        "-vo json list --debug pb --prefix=/t -o table -o name -q --output=json",
    ],
)
def test_options_are_accepted_in_any_position(database: Config, ska_sdp: Run, line: str) -> None:
    fill(database, {"/t/pb/pb-a-20210102-00000": {}, "/pb/pb-b-20210102-00000": {}})
    result = ska_sdp(*line.split())
    assert result.code == 0
    assert "/t/pb/pb-a-20210102-00000" in result.out or result.document == [{}]
    assert "pb-b" not in result.out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-d list -a", True),
        ("list -a --debug", True),
        ("get -qd /x", True),
        ("get -qdo json /x", True),
        ("list pb --prefix /d -d", True),
        ("get -oddly /x", False),
        ("list -o -d", False),
        ("list --prefix --debug", False),
        ("create /x -- -d", False),
        ("list --dry-run", False),
        ("delete pb pb-d", False),
    ],
)
def test_debug_is_found_before_the_line_is_parsed(line: str, expected: bool) -> None:
    assert has_debug(line.split()) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-q list pb", "OPTION PLAIN PLAIN"),
        ("--prefix -q get -", "OPTION VALUE PLAIN PLAIN"),
        ("--prefix=/t get -ojson /x", "OPTION PLAIN OPTION PLAIN"),
        ("-qo json list --timeout 3 -a", "OPTION VALUE PLAIN OPTION VALUE OPTION"),
        ("create /x -- -d --", "PLAIN PLAIN OPTION PLAIN PLAIN"),
        ("-o -- list", "OPTION VALUE PLAIN"),
        ("", ""),
    ],
)
def test_words_of_a_line_have_roles(line: str, expected: str) -> None:
    assert [role.name for _, role in roles(line.split())] == expected.split()


def test_help_before_a_command_is_that_of_the_command(ska_sdp: Run) -> None:
    assert ska_sdp("-h", "list", "pb").out == ska_sdp("list", "pb", "--help").out


OPTIONS = [["-q"], ["-a"], ["--prefix", "/pb"], ["--prefix=/x"], ["-o", "name"], ["-oyaml"]]
OPTIONS += [["-qo", "json"], ["-aq"]]


@given(
    st.lists(st.sampled_from(OPTIONS), max_size=4),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_position_of_options_has_no_effect(options: list[list[str]], gaps: list[int]) -> None:
    seen: list[dict[str, Any]] = []
    all_ = flag("-a", "--all", text="All.")

    def parse(*args: str) -> dict[str, Any]:
        of_object = click.Command(
            "pb",
            params=[click.Argument(["item"]), all_, *COMMON],
            callback=lambda **found: seen.append(found),
        )
        verb = Group(name="list", params=[all_, *COMMON], commands=[of_object])
        Group(name="program", commands=[verb]).main(list(args), "p", standalone_mode=False)
        return seen.pop()

    words = ["list", "pb", "id"]
    after = parse(*words, *itertools.chain(*options))
    mixed: list[str] = []
    for gap in range(4):
        for option, place in zip(options, gaps, strict=False):
            mixed += option if place == gap else []
        mixed += words[gap : gap + 1]
    # The last of equal options is used, so their order must be kept.
    if gaps[: len(options)] == sorted(gaps[: len(options)]):
        assert parse(*mixed) == after
    else:
        assert parse(*mixed)["item"] == "id"


@pytest.mark.parametrize(
    "line", ["list -a", "watch /x", "wait /x a=1", "delete /x", "import scripts -"]
)
def test_unreachable_database_is_exit_5(ska_sdp: Run, line: str) -> None:
    nowhere = {"SDP_CONFIG_PORT": "9"}
    result = ska_sdp(*line.split(), env=nowhere, stdin="scripts: []")
    assert_rejected(
        result, 5, "The database at 127.0.0.1:9 cannot be reached (connection refused)"
    )
    for debug in ("-d", "--debug"):
        assert "Traceback (most recent call last)" in (
            ska_sdp(debug, *line.split(), env=nowhere, stdin="scripts: []").err
        )


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORT", "many", "give port 'many'"),
        ("PORT", "9" * 5_000, "give port '999"),
        ("PORT", "many", "for '127.0.0.1': write a number"),
        ("PROTOCOL", "x" * 5_000, "SDP_CONFIG_PROTOCOL is 'xxx"),
        ("HOST", "," * 5_000, "SDP_CONFIG_HOST is ',,,"),
        ("HOST", f"{'a.' * 2_000}b:0", "give port '0' for 'a.a."),
        ("HOST", "a..b", "SDP_CONFIG_HOST contains 'a..b': write host"),
        ("HOST", "[fe80::1%e\th]:1", "SDP_CONFIG_HOST contains '[fe80::1%e\\th]:1': write host"),
        ("HOST", "a\tb:1", "SDP_CONFIG_HOST contains 'a\\tb:1': write host"),
        ("HOST", f"etcd,{'x' * 64}:1", "SDP_CONFIG_HOST contains 'xxx"),
        ("BACKEND", "shelf", "SDP_CONFIG_BACKEND is one of etcd3"),
        ("TIMEOUT", "-1", "SDP_CONFIG_TIMEOUT is '-1'"),
    ],
)
def test_invalid_environment_is_exit_2(
    parse: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(f"SDP_CONFIG_{name}", value)
    for line in ("list -a", "watch /x"):
        result = parse(*line.split())
        assert_rejected(result, 2, complaint)
        assert len(result.err) < 1_000


def test_version_is_that_of_the_distribution(ska_sdp: Run) -> None:
    from ska_sdp_config import __version__

    assert ska_sdp("--version").out == f"ska-sdp, version {__version__}\n"


def unfinished(cause: Exception) -> Unfinished:
    error = Unfinished("Batch 1 is committed: /a to /b.")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (Failed("It was rejected."), 1, "It was rejected."),
        (ConfigCollision("/x", "It is there."), 1, "It is there."),
        (RuntimeError("gave up after\n64 retries"), 1, "gave up after 64 retries"),
        (KeyboardInterrupt(), 1, "Stopped."),
        (click.UsageError("Odd."), 2, "Odd. Try 'ska-sdp -h'."),
        (NotFound("Nothing is there."), 3, "Nothing is there."),
        (ConfigVanished("/x", "It is gone."), 3, "It is gone. Try 'ska-sdp list -a'."),
        (TimedOut("Over."), 4, "Over."),
        (CommitUnknown("Who knows."), 5, "Who knows."),
        (
            unfinished(CommitUnknown("Who knows.")),
            5,
            "Who knows. Batch 1 is committed: /a to /b. Run the same command again to finish.",
        ),
        (
            unfinished(TransactionTooLarge("Too large.")),
            1,
            "Too large. Batch 1 is committed: /a to /b.",
        ),
        (
            FileNotFoundError(2, "No such file", "/f"),
            1,
            "/f cannot be read or written: No such file; check the path.",
        ),
        (
            OSError(28, "No space left"),
            1,
            "Cannot write the output: No space left; the command may have been executed.",
        ),
        (
            UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no text"),
            1,
            (
                "Invalid UTF-8 text: 'utf-8' codec can't encode "
                "character '\\udcff' in position 0: no text."
            ),
        ),
        (KeyError("x"), 1, "KeyError: 'x' (run it again with --debug, and report it)"),
    ],
)
def test_error_has_a_code_and_one_line(error: BaseException, code: int, line: str) -> None:
    assert explain(error) == (code, line)


def test_objects_have_the_paths_of_the_library() -> None:
    # Collections are imported on first use.
    for module in iter_modules(operations.__path__, f"{operations.__name__}."):
        import_module(module.name)
    ours = {kind.root for kind in OBJECTS}
    theirs = {f"{each.PREFIX}/" for each in _concrete(CollectiveEntityOperations)} - {"/"}
    assert theirs <= ours
    assert ours - theirs == {"/lmc/controller", "/lmc/subarray/", "/component/", "/system"}


def _concrete(kind: Any) -> list[Any]:
    found = [kind] if "PREFIX" in vars(kind) else []
    return found + [each for sub in kind.__subclasses__() for each in _concrete(sub)]
