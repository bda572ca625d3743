"""Typical slips: each is answered in one line that names the right word."""

from __future__ import annotations

import shlex
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.objects import ALIASES, OBJECTS
from ska_sdp_config.cli.program import VERBS
from ska_sdp_config.cli.suggestions import closest, similar_id
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.in_time import on_time

from .conftest import Run, assert_rejected, fill, run_command, run_here
from .pseudo_terminal import run_here_in_terminal

STORED = {
    "/eb/eb-test-20260101-00012": {"status": "ACTIVE"},
    "/pb/pb-test-20260101-00012": {},
    "/pb/pb-test-20260101-00013": {},
    "/script/realtime:vis-receive:1.0.0": {"image": "x"},
    "/lmc/subarray/01": {},
    "/component/proccontrol/owner": {"pid": 1},
}

USAGE = [
    # Misspelt commands, and those of other programs.
    ("lst pb", "'list'"),
    ("delte pb pb-test-20260101-00012", "'delete'"),
    ("LIST pb", "'list'"),
    ("show pb pb-test-20260101-00012", "'get'"),
    ("rm pb pb-test-20260101-00012", "'delete'"),
    ("stop eb eb-test-20260101-00012", "'end'"),
    ("help wacth", "'watch'"),
    # Misspelt objects, and those that a command does not take.
    ("list subarays", "'subarray'"),
    ("list PB", "'pb'"),
    ("get pbstate pb-test-20260101-00012", "'pb'"),
    ("delete processing-block pb-test-20260101-00012", "'pb'"),
    ("create processing_block batch:x:1.0.0", "'pb'"),
    ("list execution_blocks", "'eb'"),
    ("edit eb_state eb-test-20260101-00012", "'eb-state'"),
    ("import script x.yaml", "'scripts'"),
    # Missing and swapped arguments.
    ("get eb-test-20260101-00012", "'ska-sdp get eb eb-test-20260101-00012'"),
    ("describe /pb/pb-test-20260101-00012", "'ska-sdp describe pb pb-test-20260101-00012'"),
    ("list 20260101 pb", "'ska-sdp list pb …'"),
    # An object in place of the command.
    ("pb list", "'pb' is an object: try 'ska-sdp list pb'."),
    ("deployment list", "'deployment' is an object: try 'ska-sdp list deployment'."),
    ("component list -v", "'component' is an object: try 'ska-sdp list component'."),
    ("subarray 01", "'subarray' is an object: try 'ska-sdp get subarray 01'."),
    ("subarrays", "'subarrays' is an object: try 'ska-sdp list subarray'."),
    ("pb -h", "'pb' is an object: try 'ska-sdp list pb'."),
    ("system", "'system' is an object: try 'ska-sdp get system'."),
    ("pb_state pb-a", "'pb_state' is an object: try 'ska-sdp get pb pb-a'."),
    ("pb-state update pb-a {} x", "try 'ska-sdp update pb-state pb-a …'."),
    ("pb-state list", "'pb-state' is an object: try 'ska-sdp list pb'."),
    ("pb -o json list", "'pb' is an object: try 'ska-sdp list pb'."),
    ("pb list --prefix /t", "'pb' is an object: try 'ska-sdp list pb'."),
    ("pb -qo json get pb-a", "'pb' is an object: try 'ska-sdp get pb pb-a'."),
    ("edit pb-x pbs", "'ska-sdp edit pbs …'"),
    ("get pb", "'ID'"),
    ("wait pb status=FINISHED", "Missing argument 'ID'"),
    ("wait pb pb-test-20260101-00012 status FINISHED", "FIELD=VALUE, e.g. status=FINISHED"),
    ("wait pb pb-test-20260101-00012 status:FINISHED", "FIELD=VALUE, e.g. status=FINISHED"),
    ("wait pb pb-a status = FINISHED", "FIELD=VALUE without spaces, e.g. status=FINISHED"),
    (
        "wait pb pb-a status=FINISHED --timeout 2 minutes",
        "Unexpected 'minutes' after 'status=FINISHED': quote a value with spaces.",
    ),
    ("create eb '{}'", "Missing argument 'ID' before '{}'."),
    ("create flow @file", "Missing argument 'PB:KIND:NAME' before '@file'."),
    ("create eb eb-test-20260101-00012", "Missing argument 'VALUE'."),
    (
        "create pb vis-receive",
        "Invalid ID 'vis-receive' of script definitions: expected KIND:NAME:VERSION.",
    ),
    ("end pb pb-test-20260101-00012", "'ska-sdp end eb ID'. The status of a processing block"),
    ("get pb pb-a pb-b", "unexpected extra argument (pb-b). Try"),
    # Options.
    ("list pb --prefx=/t", "'--prefix'"),
    ("list --prefx /t pb", "'--prefix'"),
    ("--tiemout 3 watch pb pb-test-20260101-00012", "'--timeout'"),
    ("list pb --output jsn", "'json'"),
    ("list pb 2026-01-01", "YYYYMMDD, e.g. 20260101"),
    ("list pb yesterday", "YYYYMMDD"),
    ("watch --timeout abc pb pb-test-20260101-00012", "expected seconds"),
    ("list pb --port ²", "a number from 1 to 65535"),
    ("list pb --port etcd", "a number from 1 to 65535"),
]
"""Command lines that are rejected before the database is read, and the right word."""

IDS = [
    ("get pb pb-tset-20260101-00012", "'pb-test-20260101-00012'"),
    ("get pb PB-TEST-20260101-00013", "'pb-test-20260101-00013'"),
    ("describe eb eb-test-2026101-00012", "'eb-test-20260101-00012'"),
    ("delete pb test-20260101-00013", "'pb-test-20260101-00013'"),
    ("end eb eb-test-20260101-0012", "'eb-test-20260101-00012'"),
    ("edit script realtime:vis-recieve:1.0.0", "'realtime:vis-receive:1.0.0'"),
    ("history -q pb pb-tset-20260101-00012", "'pb-test-20260101-00012'"),
    ("history -q /pb/pb-test-20260101-0012", "'/pb/pb-test-20260101-00012'"),
    ("get subarray 1", "'01'"),
    ("get component procontrol", "'proccontrol'"),
    ("get /pb/pb-test-20260101-0012", "'/pb/pb-test-20260101-00012'"),
]
"""Command lines with an ID or key that does not exist, and the right one."""


@pytest.mark.parametrize(("line", "right"), USAGE)
def test_slip_is_answered_with_the_right_word(ska_sdp: Run, line: str, right: str) -> None:
    result = ska_sdp(*shlex.split(line))
    assert_rejected(result, 2, right)
    assert "Try 'ska-sdp" in result.err


@pytest.mark.parametrize(("line", "right"), IDS)
def test_unknown_id_is_answered_with_a_similar_one(
    database: Config, ska_sdp: Run, line: str, right: str
) -> None:
    fill(database, STORED)
    result = ska_sdp(*shlex.split(line), env={"EDITOR": "false"})
    assert_rejected(result, 3, f"did you mean {right}?")


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("wait pb pb-tset-20260101-00012 status=FINISHED", "'pb-test-20260101-00012'"),
        ("wait /eb/eb-test-2026101-00012 status=FINISHED", "'/eb/eb-test-20260101-00012'"),
        ("watch subarray 1", "'01'"),
    ],
)
def test_wait_for_an_unknown_id_names_a_similar_one(
    database: Config, etcd: Etcd, line: str, right: str
) -> None:
    fill(database, STORED)
    code, shown = run_here_in_terminal(etcd, [*line.split(), "--timeout=0.5"])
    assert code == 4
    assert f"yet: did you mean {right}? Waiting, press Ctrl-C to stop." in shown
    _, quiet = run_here_in_terminal(etcd, [*line.split(), "--timeout=0.5", "-q"])
    assert "did you mean" not in quiet


@pytest.mark.parametrize(
    ("line", "has_advice"),
    [
        ("wait pb pb-test-20260101-00014 status=FINISHED", False),
        ("watch /pb/pb-test-20260101-00014", False),
        ("watch subarray 1", True),
    ],
)
def test_script_that_waits_for_the_next_id_of_the_day_gets_no_advice(
    database: Config, ska_sdp: Run, line: str, has_advice: bool
) -> None:
    fill(database, STORED)
    result = ska_sdp(*line.split(), "--timeout=0.5")
    assert result.code == 4
    assert ("did you mean" in result.err) is has_advice


def test_pair_in_place_of_a_mapping_is_answered_with_the_mapping(
    database: Config, ska_sdp: Run
) -> None:
    fill(database, STORED)
    result = ska_sdp("update", "pb-state", "pb-test-20260101-00012", "status=FAILED")
    assert_rejected(result, 1, """not a mapping of fields, e.g. {"status": "FAILED"}.""")


def test_missing_script_is_answered_with_a_similar_one(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    result = ska_sdp("create", "pb", "realtime:vis-recieve:1.0.0")
    assert result.code == 0
    assert "will fail: did you mean 'realtime:vis-receive:1.0.0'? Otherwise import" in result.err
    result = ska_sdp("create", "pb", "batch:other:9.9.9")
    assert result.err.endswith("will fail: import the script, then create another block.\n")


@pytest.mark.parametrize("verb", ["edit", "update"])
def test_usage_breaks_no_word(ska_sdp: Run, verb: str) -> None:
    usage = ska_sdp(verb, "-h").out.partition("\n\n")[0]
    assert all(line.count("(") == line.count(")") for line in usage.splitlines())


def test_advice_on_an_ended_block_has_the_prefix(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/t/eb/eb-a": {"status": "FINISHED"}})
    result = ska_sdp("end", "eb", "eb-a", "--prefix=/t")
    assert_rejected(result, 1, "'ska-sdp get eb eb-a --prefix /t' shows it")


@pytest.mark.parametrize("line", ["get pb x", "get eb pb-other-20210101-00007", "get /none"])
def test_id_that_resembles_none_gives_what_to_try(
    database: Config, ska_sdp: Run, line: str
) -> None:
    fill(database, STORED)
    result = ska_sdp(*line.split())
    assert_rejected(result, 3, ": try 'ska-sdp list ")


def test_similar_id_is_found_among_thousands(database: Config) -> None:
    for day in range(1, 11):
        ids = [f"pb-test-202601{day:02}-{number:05}" for number in range(100)]
        fill(database, {f"/pb/{each}": {} for each in ids})
    backend = database.backend
    assert similar_id(backend, "/pb/pb-tset-20260107-00042") == "pb-test-20260107-00042"
    assert similar_id(backend, "/pb/pb-test-20260107-00O42") == "pb-test-20260107-00042"
    assert similar_id(backend, "/pb/scan-9") is None
    assert similar_id(backend, "/none/pb-test-20260107-00042") is None


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("pb-test-20260110-00O42", "pb-test-20260110-00042"),
        ("pb-test-20260101-0042", "pb-test-20260101-00042"),
        ("pb-test-20260110-99", "pb-test-20260110-00099"),
        # The one that is meant may not have been read.
        ("pb-tset-20260110-00042", None),
        ("pb-test-20260111-00042", None),
        ("pb-test-2026011-00042", None),
    ],
)
def test_similar_id_among_more_than_the_limit_has_the_same_date(
    database: Config, slip: str, right: str | None
) -> None:
    for day in range(1, 11):
        ids = [f"pb-test-202601{day:02}-{number:05}" for number in range(100)]
        fill(database, {f"/pb/{each}": {} for each in ids})
    assert similar_id(database.backend, f"/pb/{slip}", limit=200) == right


@pytest.mark.parametrize("kind", [kind.name for kind in OBJECTS])
def test_plural_means_the_object(database: Config, ska_sdp: Run, kind: str) -> None:
    plural = {"dependency": "dependencies"}.get(kind, f"{kind}s")
    assert ALIASES[plural] == kind
    for verb in ("list", "get", "delete", "update", "describe"):
        one, many = (ska_sdp(verb, each, "-h") for each in (kind, plural))
        assert one.code == many.code
        assert one == many or "Unknown object" in one.err


def test_plurals_are_accepted(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    assert ska_sdp("list", "pbs").lines == [path for path in STORED if path.startswith("/pb/")]
    assert ska_sdp("get", "ebs", "eb-test-20260101-00012", "-q").lines == ['{"status":"ACTIVE"}']


@pytest.mark.parametrize(
    ("word", "right"), [("Lsit", "list"), ("rm", "delete"), ("add", None), ("xyz", None)]
)
def test_closest_word(word: str, right: str | None) -> None:
    assert closest(word, ["list", "delete", "get"]) == right


@pytest.mark.parametrize("words", [[], ["list"], ["list", "pb"], ["update", "pb-state"], ["help"]])
def test_help_is_that_of_the_option(ska_sdp: Run, words: list[str]) -> None:
    result = ska_sdp("help", *words)
    assert (result.code, result.err) == (0, "")
    assert result == ska_sdp(*words, "-h")


@pytest.mark.parametrize("options", ["--host h", "-q", "-o json"])
def test_help_accepts_options_before_it(ska_sdp: Run, options: str) -> None:
    assert ska_sdp(*options.split(), "help", "list") == ska_sdp("list", "-h")


CONNECTING = [
    "list -a",
    "list pb",
    "get /x",
    "watch /x",
    "describe pb pb-x",
    "status",
    "wait pb pb-x status=FINISHED",
    "history pb pb-x",
    "record {directory}/recording",
    "create /x 1",
    "update /x 1",
    "edit /x",
    "delete /x",
    "delete -ay pb",
    "end eb eb-x",
    "prune --older-than 30d",
    "import scripts -",
    "dump",
    "load -",
    "doctor",
]
"""A command line of each command that connects."""

NOT_CONNECTING = {"completion", "help", "replay", "top"}
"""Commands that do not connect; without a terminal, top does not either."""


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_each_command_that_connects_has_a_line() -> None:
    assert {line.split()[0] for line in CONNECTING} == VERBS.keys() - NOT_CONNECTING


@pytest.mark.parametrize(
    ("line", "backend"),
    [(line, "etcd3") for line in CONNECTING]
    + [(line, "etcd3_revolution1") for line in ("list -a", "end eb eb-x", "doctor")],
)
def test_command_without_a_server_fails_at_once(
    ska_sdp: Run, closed_port: int, tmp_path: Path, line: str, backend: str
) -> None:
    began = time.monotonic()
    assert ska_sdp("-h").code == 0
    start = time.monotonic() - began
    began = time.monotonic()
    result = ska_sdp(
        *line.format(directory=tmp_path).split(), "--port", str(closed_port),
        stdin="values: {}" if line == "load -" else "scripts: []",
        env={"SDP_CONFIG_BACKEND": backend, "EDITOR": "false"},
    )  # fmt: skip
    took = time.monotonic() - began
    assert result.code == 5
    assert "connection refused" in result.err
    assert len(result.err.splitlines()) == 1
    # On a busy machine the start of the program alone may take longer than a second.
    limit = 1.0 if start < 0.3 else 1.0 + 5 * start
    on_time(took < limit, f"it took {took:.2f} s, and help {start:.2f} s")


RUN = """
import sys
from ska_sdp_config.cli.program import run
code = run(sys.argv[1:])
print(code, "ska_sdp_config.cli.validity" in sys.modules)
"""


@pytest.mark.parametrize(
    "line",
    [
        "create eb eb-x {{}}",
        "create pb batch:x:1.0.0",
        "create /x 1",
        "update pb-state pb-x {{}}",
        "import scripts {file}",
        "import system {file}",
        "load {file}",
        "wait pb pb-x status=FINISHED",
    ],
)
def test_command_without_a_server_does_not_import_the_validation(
    closed_port: int, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("values: {/x: 1}\nscripts: []\n")
    words = [*line.format(file=file).split(), f"--port={closed_port}", "--host=127.0.0.1"]
    assert run_command([sys.executable, "-c", RUN, *words]).out == "5 False\n"


def test_command_fails_only_if_no_server_listens(
    database: Config, etcd: Etcd, closed_port: int
) -> None:
    fill(database, {"/x": 1})
    closed = f"127.0.0.1:{closed_port}"
    both = f"{closed},{etcd.host}:{etcd.port}"
    assert run_here(etcd, ["get", "-q", "/x", "--host", both]).out == "1\n"
    result = run_here(etcd, ["get", "/x", "--host", f"{closed},{closed}"])
    assert_rejected(result, 5, f"The database at {closed} cannot be reached (connection refused)")


@pytest.mark.parametrize("place", ["before", "between", "after"])
def test_options_have_the_effect_of_their_variables(
    database: Config, etcd: Etcd, closed_port: int, place: str
) -> None:
    fill(database, {"/x": 1})
    wrong = {"SDP_CONFIG_HOST": "127.0.0.1", "SDP_CONFIG_PORT": str(closed_port)}
    for options in (
        [f"--host={etcd.host}", "--port", str(etcd.port)],
        ["--host", f"{etcd.host}:{etcd.port}"],
    ):
        words = {
            "before": [*options, "get", "/x", "-q"],
            "between": ["get", *options, "/x", "-q"],
            "after": ["get", "/x", "-q", *options],
        }[place]
        assert run_here(etcd, words, wrong) == (0, "1\n", "")
