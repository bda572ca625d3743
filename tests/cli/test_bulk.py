"""Writing many keys, in one transaction or in batches."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config import Config
from ska_sdp_config.cli.bulk import Batch, Goal, Step, plan, write
from ska_sdp_config.cli.errors import Failed, Unfinished
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.codec import encode

from .conftest import Run, contents, empty, fill

KEYS = st.sampled_from(["/a", "/b", "/c"])
TEXTS = st.sampled_from([encode({}), encode({"n": 1}), encode([1])])


@given(
    st.dictionaries(KEYS, TEXTS | st.just("not JSON")), st.dictionaries(KEYS, TEXTS | st.none())
)
def test_plan_leads_from_stored_to_wanted_texts(
    stored: dict[str, str], wanted: dict[str, str | None]
) -> None:
    result: dict[str, str | None] = dict(stored)
    for step in plan(stored, wanted):
        assert (step.verb == "create") == (step.path not in result)
        result[step.path] = None if step.verb == "delete" else step.text
    assert {k: v for k, v in result.items() if v is not None} == {
        k: v for k, v in (stored | wanted).items() if v is not None
    }


@pytest.mark.parametrize(
    ("before", "verbs"),
    [
        ('{"b":1,   "a":"\\u00e9"}', []),
        ('{"b":true, "a":"é"}', ["update"]),
        ('{"b":1.0, "a":"é"}', ["update"]),
        ("not JSON", ["update"]),
        ("", ["update"]),
    ],
)
def test_plan_skips_values_with_another_layout(before: str, verbs: list[str]) -> None:
    wanted = encode({"a": "é", "b": 1})
    assert [step.verb for step in plan({"/x": before}, {"/x": wanted})] == verbs


WANTED: dict[str, str | None] = {f"/script/batch:s-{n:04}:1": encode({"n": n}) for n in range(500)}


SCRIPTS = Goal("/script/", WANTED)


def must_not(batch: Batch) -> None:
    raise AssertionError(f"{batch} was written")


def test_small_goal_is_one_transaction(database: Config) -> None:
    batches: list[Batch] = []
    some = dict(itertools.islice(WANTED.items(), 100))
    write(database, Goal("/script/", some), atomic=True, on_commit=batches.append)
    assert [(len(batch.steps), batch.is_complete) for batch in batches] == [(100, True)]
    assert len(contents(database)) == 100


def test_large_goal_is_split_or_rejected_if_atomic(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    with Config(host=server.host, port=server.port) as config:
        with pytest.raises(Failed, match=r"--max-txn-ops.* Without --atomic it is split"):
            write(config, SCRIPTS, atomic=True, on_commit=must_not)
        assert contents(config) == {}
        batches: list[Batch] = []
        write(config, SCRIPTS, atomic=False, on_commit=batches.append)
        assert contents(config) == WANTED
        assert len(batches) > 1
        assert not any(batch.is_complete for batch in batches)
        assert [step.path for batch in batches for step in batch.steps] == list(WANTED)
        deletes: list[Batch] = []
        write(
            config, Goal("/script/", dict.fromkeys(WANTED)), atomic=False, on_commit=deletes.append
        )
        assert contents(config) == {}
        _stopped_half_way(config)


def _stopped_half_way(config: Config) -> None:
    batches: list[Batch] = []

    def stop_after_two(batch: Batch) -> None:
        batches.append(batch)
        if len(batches) == 2:
            raise KeyboardInterrupt

    with pytest.raises(Unfinished) as caught:
        write(config, SCRIPTS, atomic=False, on_commit=stop_after_two)
    done = sum(len(batch.steps) for batch in batches)
    assert str(caught.value) == (
        f"Batches 1 to 2 are committed: /script/batch:s-0000:1 to /script/batch:s-{done - 1:04}:1."
    )
    assert list(contents(config)) == list(WANTED)[:done]
    write(config, SCRIPTS, atomic=False, on_commit=batches.append)
    assert contents(config) == WANTED
    assert sum(len(batch.steps) for batch in batches) == len(WANTED)
    empty(config)


@pytest.mark.parametrize("atomic", [False, True])
def test_too_large_texts_are_rejected_before_any_write(etcd_server: Any, atomic: bool) -> None:
    server = etcd_server(max_txn_ops=None)
    large: dict[str, str | None] = {"/x/9": "y" * 2_000_000, "/x/8": "y" * 3_000_000}
    with Config(host=server.host, port=server.port) as config:
        for more in ({}, WANTED, {f"/x/1{n}": "z" * 1_000_000 for n in range(3)}):
            goal = Goal("/x/", {**more, **large, "/x/a": "small"})
            with pytest.raises(Failed) as caught:
                write(config, goal, atomic=atomic, on_commit=must_not)
            assert str(caught.value).startswith(
                "Nothing was written, as one transaction has no room for /x/8, /x/9: make it "
            )
            assert contents(config) == {}


def test_unchanged_keys_do_not_count_to_the_size(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    with Config(host=server.host, port=server.port) as config:
        write(config, SCRIPTS, atomic=False, on_commit=lambda batch: None)
        batches: list[Batch] = []
        wanted = {**WANTED, "/script/batch:s-0007:1": encode({"n": "new"})}
        write(config, Goal("/script/", wanted), atomic=True, on_commit=batches.append)
        (batch,) = batches
        assert ([step.verb for step in batch.steps], batch.unchanged) == (["update"], 499)
        assert batch.is_complete
        assert contents(config) == wanted


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, database: Config) -> Any:
    """Let another client change keys between the first reads of a transaction and its commit."""
    commit = Txn.commit

    def arrange(entries: dict[str, Any], *gone: str) -> None:
        def late(self: Txn, call: Any) -> Any:
            monkeypatch.setattr(Txn, "commit", commit)
            for txn in database.txn():
                for path, value in entries.items():
                    txn.raw.delete(path, must_exist=False)
                    txn.create(path, encode(value))
                for path in gone:
                    txn.delete(path)
            return commit(self, call)

        monkeypatch.setattr(Txn, "commit", late)

    return arrange


def test_concurrently_changed_keys_are_written(
    database: Config, meanwhile: Any, ska_sdp: Run
) -> None:
    fill(database, {"/a": 1, "/b": 2})
    meanwhile({"/a": 7}, "/b")
    result = ska_sdp("load", "-", "-o", "json", stdin="values: {/a: 1, /b: 2, /c: 3}")
    assert result.document == {"updated": ["/a"], "created": ["/b", "/c"], "unchanged": 0}
    assert contents(database) == {"/a": "1", "/b": "2", "/c": "3"}


@pytest.mark.parametrize(
    ("line", "stdin", "new"),
    [
        ("load --sync --prefix=/t -", "values: {/t/c: 3}", "/t/late"),
        ("import scripts --sync -", "scripts: [{kind: batch, id: a, version: '1', image: i}]",
         "/script/batch:late:1"),
    ],
)  # fmt: skip
def test_sync_deletes_concurrently_created_keys(
    database: Config, meanwhile: Any, ska_sdp: Run, line: str, stdin: str, new: str
) -> None:
    meanwhile({new: {}})
    result = ska_sdp(*line.split(), stdin=stdin)
    assert (result.code, result.lines[1:]) == (0, [f"deleted {new}"])
    assert new not in contents(database)


def test_write_plans_from_the_current_texts(database: Config) -> None:
    wanted: dict[str, str | None] = {"/a": encode(1), "/b": encode(2), "/c": None}
    planned = list(plan({"/c": encode(3)}, wanted))
    assert [step.verb for step in planned] == ["create", "create", "delete"]
    fill(database, {"/a": 1, "/b": 7})
    batches: list[Batch] = []
    write(database, Goal("/", wanted), atomic=True, on_commit=batches.append)
    assert batches[0].steps == [Step("update", "/b", encode(2))]
    assert contents(database) == {"/a": "1", "/b": "2"}
