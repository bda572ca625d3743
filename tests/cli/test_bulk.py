"""Writing many keys, in one transaction or in batches."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config import Config, TransactionTooLarge
from ska_sdp_config.cli.bulk import Batch, Step, plan, write
from ska_sdp_config.cli.errors import Failed, Unfinished
from ska_sdp_config.entity.codec import encode

from .conftest import contents, empty, fill

KEYS = st.sampled_from(["/a", "/b", "/c"])
TEXTS = st.sampled_from([encode({}), encode({"n": 1}), encode([1])])


@given(st.dictionaries(KEYS, TEXTS | st.just("no JSON")), st.dictionaries(KEYS, TEXTS | st.none()))
def test_a_plan_leads_from_what_is_stored_to_what_is_wanted(
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
        ("no JSON", ["update"]),
        ("", ["update"]),
    ],
)
def test_a_value_that_only_looks_different_is_not_rewritten(before: str, verbs: list[str]) -> None:
    wanted = encode({"a": "é", "b": 1})
    assert [step.verb for step in plan({"/x": before}, {"/x": wanted})] == verbs


WANTED: dict[str, str | None] = {f"/script/batch:s-{n:04}:1": encode({"n": n}) for n in range(500)}


def must_not(batch: Batch) -> None:
    raise AssertionError(f"{batch} was written")


def test_what_fits_is_one_transaction(database: Config) -> None:
    batches: list[Batch] = []
    some = dict(itertools.islice(WANTED.items(), 100))
    write(database, some, atomic=True, written=batches.append)
    assert [(len(batch.steps), batch.is_all) for batch in batches] == [(100, True)]
    assert len(contents(database)) == 100


def test_what_does_not_fit_goes_in_batches_or_is_refused(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    with Config(host=server.host, port=server.port) as config:
        with pytest.raises(Failed, match=r"--max-txn-ops.* Without --atomic it is split"):
            write(config, WANTED, atomic=True, written=must_not)
        assert contents(config) == {}
        batches: list[Batch] = []
        write(config, WANTED, atomic=False, written=batches.append)
        assert contents(config) == WANTED
        assert len(batches) > 1
        assert not any(batch.is_all for batch in batches)
        assert [step.path for batch in batches for step in batch.steps] == list(WANTED)
        deletes: list[Batch] = []
        write(config, dict.fromkeys(WANTED), atomic=False, written=deletes.append)
        assert contents(config) == {}
        _stopped_half_way(config)
        with pytest.raises(TransactionTooLarge, match="--max-request-bytes"):
            write(config, {"/x": "y" * 2_000_000}, atomic=False, written=must_not)


def _stopped_half_way(config: Config) -> None:
    batches: list[Batch] = []

    def stop_after_two(batch: Batch) -> None:
        batches.append(batch)
        if len(batches) == 2:
            raise KeyboardInterrupt

    with pytest.raises(Unfinished) as caught:
        write(config, WANTED, atomic=False, written=stop_after_two)
    done = sum(len(batch.steps) for batch in batches)
    assert caught.value.stands == (
        f"Batches 1 to 2 stand: /script/batch:s-0000:1 to /script/batch:s-{done - 1:04}:1."
    )
    assert list(contents(config)) == list(WANTED)[:done]
    write(config, WANTED, atomic=False, written=batches.append)
    assert contents(config) == WANTED
    assert sum(len(batch.steps) for batch in batches) == len(WANTED)
    empty(config)


def test_what_others_did_meanwhile_is_looked_at_again(database: Config) -> None:
    wanted: dict[str, str | None] = {"/a": encode(1), "/b": encode(2), "/c": None}
    planned = list(plan({"/c": encode(3)}, wanted))
    assert [step.verb for step in planned] == ["create", "create", "delete"]
    fill(database, {"/a": 1, "/b": 7})
    batches: list[Batch] = []
    write(database, wanted, atomic=True, written=batches.append)
    assert batches[0].steps == [Step("update", "/b", encode(2))]
    assert contents(database) == {"/a": "1", "/b": "2"}
