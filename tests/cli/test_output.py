"""Formats of values, and output on terminals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ska_sdp_config import Config
from ska_sdp_config.cli import tables
from ska_sdp_config.cli.output import Change, Entry, Finding
from ska_sdp_config.cli.tables import TablePrinter
from ska_sdp_config.live import values
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import fill
from .pseudo_terminal import run_here_in_terminal, run_in_terminal

Terminal = Callable[..., str]

STYLE = re.compile(r"\x1b\[[0-9;]*m")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
)


@settings(max_examples=50)
@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_compact_json_has_the_same_value_on_one_line(
    value: object, indent: int | str | None, ascii_only: bool
) -> None:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    except ValueError:
        return  # infinite
    compact = values.compact(text)
    assert json.loads(compact) == json.loads(text)
    assert "\n" not in compact
    assert len(compact) <= len(json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only))


@pytest.mark.parametrize(
    ("stored", "compact"),
    [
        ('{ "a" : 1.10,\n "b": [ ] }', '{"a":1.10,"b":[]}'),
        ('"a  \\" b"', '"a  \\" b"'),
        ("not  JSON\n", "not  JSON\n"),
        ("[ NaN ]", "[ NaN ]"),
        ("[" * 100_000, "[" * 100_000),
        ("", ""),
    ],
)
def test_text_that_is_not_json_is_unchanged(stored: str, compact: str) -> None:
    assert values.compact(stored) == compact
    assert values.pretty(compact) == (compact if compact == stored else values.pretty(stored))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a", "text"),
        ("b.c", "1.5"),
        ("b.d", "[1, null]"),
        ("b.e", ""),
        ("none", ""),
        ("a.b", ""),
    ],
)
def test_field_is_formatted(name: str, shown: str) -> None:
    assert values.field({"a": "text", "b": {"c": 1.5, "d": [1, None], "e": None}}, name) == shown


def test_long_table_is_printed_in_aligned_chunks(capsys: pytest.CaptureFixture[str]) -> None:
    given_out = []

    def entries() -> object:
        for number in range(3 * tables.ROWS_AT_ONCE):
            if number == tables.ROWS_AT_ONCE:
                given_out.append(capsys.readouterr().out)
            yield Entry(f"/pb/pb-{number:05}", '{"eb_id": "[bold]eb[/bold]"}')

    TablePrinter(quiet=False).columns(["eb_id"], entries())  # type: ignore[arg-type]
    lines = (given_out[0] + capsys.readouterr().out).splitlines()
    assert len(given_out[0].splitlines()) > 1, "the first rows wait for the last"
    assert lines[0].split() == ["KEY", "EB"]
    assert len(lines) == 1 + 3 * tables.ROWS_AT_ONCE
    assert {line.index("[bold]eb[/bold]") for line in lines[1:]} == {lines[0].index("EB")}


def test_table_of_changes_ends_with_counts(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [Change("created", "/a"), Change("created", "/b"), Change("deleted", "/c")]
    TablePrinter(quiet=False).changes(changes, 7)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [["CHANGE", "KEY"], ["created", "/a"]]
    assert lines[-1] == "2 created, 1 deleted, 7 unchanged"


@pytest.fixture
def terminal(database: Config, etcd: Etcd) -> Terminal:
    """Run the program in a terminal of 60 columns; return its output."""

    def run(*args: str) -> str:
        code, received = run_in_terminal(etcd, args)
        assert code == 0
        return received

    return run


def test_terminal_gets_coloured_tables(database: Config, terminal: Terminal) -> None:
    fill(database, {"/eb/eb-a": {"status": "ACTIVE", "subarray_id": "01"}, "/eb/eb-\x1b[2J": {}})
    table = terminal("list", "eb")
    assert "\x1b[1mKEY" in table
    plain = STYLE.sub("", table)
    assert [line.split() for line in plain.splitlines()] == [
        ["KEY", "STATUS", "SUBARRAY", "LAST", "UPDATED"],
        ["/eb/eb-\\u001b[2J"],
        ["/eb/eb-a", "ACTIVE", "01"],
    ]
    assert max(map(len, plain.splitlines())) <= 60
    value = terminal("get", "/eb/eb-a")
    assert "\x1b[32m" in value
    assert json.loads(STYLE.sub("", value).partition("\n")[2]) == {
        "status": "ACTIVE",
        "subarray_id": "01",
    }


@pytest.mark.long
def test_terminal_gets_plain_names_and_values(database: Config, terminal: Terminal) -> None:
    fill(database, {"/eb/eb-a": {"status": "ACTIVE"}})
    assert terminal("list", "eb", "-o", "name") == "/eb/eb-a\n"
    assert terminal("list", "eb", "-qv") == '{"status":"ACTIVE"}\n'
    assert terminal("get", "-q", "/eb/eb-a") == '{"status":"ACTIVE"}\n'


def test_long_values_are_folded(database: Config, terminal: Terminal) -> None:
    fill(database, {"/x": "0123456789" * 30, f"/{'y' * 100}": "z"})
    table = STYLE.sub("", terminal("list", "-av"))
    assert f"\n/{'y' * 100}\n" in table
    assert max(len(line) for line in table.splitlines() if "y" not in line) <= 60
    assert [table.count(each) for each in "09yz"] == [30, 30, 100, 1]


PB_ID = "pb-test-20260101-00000"


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100])
def test_keys_are_not_broken(database: Config, etcd: Etcd, columns: int) -> None:
    long_id = f"pb-{'long' * 10}-20260101-00000"
    fill(database, {"/eb/eb-test-20260101-00000": {}})
    for pb_id in (PB_ID, long_id, "pb-a"):
        value = {"script": {"kind": "realtime", "name": "vis-receive", "version": "1.0.0"}}
        fill(database, {f"/pb/{pb_id}": value | {"eb_id": "eb-test-20260101-00000"}})
    env = {"COLUMNS": str(columns), "NO_COLOR": "1"}
    for line in ("list pb", "list pb -v", "list -a", "describe eb eb-test-20260101-00000"):
        _, table = run_here_in_terminal(etcd, line.split(), env)
        for pb_id in (PB_ID, long_id, "pb-a"):
            assert re.search(rf"^/pb/{pb_id}(  |\n)", table, re.MULTILINE), table
        if line.startswith("describe") and columns < 60:
            continue
        # Values are folded within the screen.
        rest = [line for line in table.splitlines() if long_id not in line]
        assert max(map(len, rest)) <= max(columns, len(f"/pb/{PB_ID}"))
    _, deleted = run_here_in_terminal(etcd, ["delete", "-y", "pb", long_id], env)
    assert f"deleted  /pb/{long_id}\n" in deleted


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (100, [26, 8, 11, 22]),
        (73, [26, 8, 11, 22]),
        (70, [26, 8, 11, 19]),
        (64, [26, 8, 11, 13]),
        # The keys stand on lines of their own, except the short one.
        (62, [5, 8, 11, 22]),
        (40, [3, 8, 11, 12]),
        (9, [0, 1, 1, 1]),
    ],
)
def test_other_columns_are_shrunk_before_those_of_keys(room: int, widths: list[int]) -> None:
    titles = ["KEY", "KIND", "NAME", "EB"]
    rows = [
        [f"/pb/{PB_ID}", "realtime", "vis-receive", f"e{PB_ID[1:]}"],
        ["/pb/x", "batch", "n", ""],
    ]
    assert tables._widths(titles, rows, room) == widths


def test_long_fields_are_not_broken(database: Config, terminal: Terminal) -> None:
    image = "registry.example.org/ska-sdp-script:1.0.0"
    fill(database, {"/script/batch:ska-sdp-script:1.0.0": {"image": image}})
    heading, key, row = STYLE.sub("", terminal("list", "script")).splitlines()
    assert heading.split() == ["KEY", "IMAGE"]
    assert (key, row.strip()) == ("/script/batch:ska-sdp-script:1.0.0", image)


def test_describe_breaks_no_id_and_no_time(database: Config, etcd: Etcd) -> None:
    time = "2026-01-31 12:00:00"
    eb_id = "eb-test-20260101-00000"
    request, resource = f"/request/{PB_ID}:data", "/resource/storage:buffer"
    stored: dict[str, Any] = {
        f"/eb/{eb_id}": {"status": "FINISHED", "subarray_id": "01", "last_updated": time},
        f"/pb/{PB_ID}": {"eb_id": eb_id},
        request: {"resource": resource, "quantity": 1},
        f"/allocation/{PB_ID}:data": {"resource": resource, "request": request},
        f"/dependency/{PB_ID}:data-queue:vis:{PB_ID}": {"description": "all the data " * 9},
    }
    fill(database, stored)
    env = {"COLUMNS": "80", "NO_COLOR": "1"}
    _, shown = run_here_in_terminal(etcd, ["describe", "eb", eb_id], env)
    assert max(map(len, shown.splitlines())) <= 80
    for whole in (time, eb_id, request, *stored):
        assert whole in shown
    assert " ".join(shown.split()).count("all the data") == 9


def test_findings_of_doctor_break_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    path = f"/flow/{PB_ID}:data-queue:visibilities/state"
    finding = Finding(path, "warning", f"the flow {PB_ID} does not exist", f"delete {path} now")
    printer = TablePrinter(quiet=False)
    printer._console.width = 80
    printer.findings([finding, Finding("keys", "ok", "7 keys")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.strip() for line in lines)
    text = f"warning {path} {finding.text} {finding.advice} ok keys 7 keys"
    assert " ".join(lines).split() == text.split()
