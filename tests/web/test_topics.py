"""Documents of the topics, from a real database."""

from __future__ import annotations

import json

import pytest

from ska_sdp_sim.stack.web import WebPage
from tests.support.fault_scene import DEPLOYMENT, EB, FAILED, REASON, WAITING
from tests.web.client import request
from tests.web.conftest import Write
from tests.web.event_stream import EventStream

HELLO = {"commands_allowed": False, "has_login": False, "prefix": "", "examples": {}}


def test_overview_names_the_fault_its_start_and_the_commands(page: WebPage) -> None:
    with EventStream(page.endpoint, "overview") as stream:
        hello = stream.wait("hello")
        assert set(hello) == {*HELLO, "version", "time"}
        assert {name: hello[name] for name in HELLO} == HELLO
        assert stream.wait("connection") == {"state": "ok", "since": None, "error": None}
        overview = stream.document("overview")
    card, other = overview["subarrays"]
    assert (card["id"], card["obs_state"], card["health"]) == ("01", "FAULT", "DEGRADED")
    assert (other["id"], other["obs_state"], other["faults"]) == ("02", "EMPTY", [])
    (fault,) = card["faults"]
    assert fault["text"] == f"Processing block {FAILED} is FAILED: {REASON}"
    assert fault["commands"] == ["ObsReset", "Restart"]
    assert fault["since"] == card["since"]
    assert (card["pbs_done"], card["pbs_total"], card["eb_id"]) == (1, 2, EB)
    names = [each["command"] for each in card["allowed"]]
    assert names == ["Off", "ObsReset", "Restart"]
    assert overview["pbs"]["counts"] == {"FAILED": 1, "WAITING": 1}
    assert [row["id"] for row in overview["pbs"]["failed"]] == [FAILED]
    assert [row["id"] for row in overview["pbs"]["waiting"]] == [WAITING]
    assert overview["deployments"]["counts"] == {"PENDING": 1}
    assert all(each["is_online"] for each in overview["components"])
    assert overview["controller"]["last_command"]["name"] == "On"


def test_subarray_has_the_graph_of_its_blocks_and_their_errors(page: WebPage) -> None:
    with EventStream(page.endpoint, "subarray/01") as stream:
        document = stream.document("subarray/01")
    nodes = {node["id"]: node for node in document["graph"]["nodes"]}
    assert nodes[f"pb {FAILED}"]["class"] == "bad"
    assert nodes[f"pb {WAITING}"]["class"] == "waiting"
    edges = {(edge["from"], edge["to"]) for edge in document["graph"]["edges"]}
    assert edges == {
        (f"eb {EB}", f"pb {FAILED}"),
        (f"eb {EB}", f"pb {WAITING}"),
        (f"pb {FAILED}", f"deployment {DEPLOYMENT}"),
    }
    assert document["errors"] == {FAILED: REASON}
    assert json.loads(document["eb"])["eb_id"] == EB


def test_dependency_is_an_edge_from_the_block_waited_for(page: WebPage, write: Write) -> None:
    other = "pb-test-20260131-00009"
    waiting = {"pb_id": WAITING, "eb_id": EB}
    needs = [{"pb_id": FAILED, "kind": ["vis-receive"]}, {"pb_id": other, "kind": []}]
    write({f"/pb/{WAITING}": {**waiting, "dependencies": needs}})
    with EventStream(page.endpoint, "subarray/01") as stream:
        document = stream.document("subarray/01", lambda each: len(each["graph"]["nodes"]) > 4)
    edges = document["graph"]["edges"]
    assert {"from": f"pb {FAILED}", "to": f"pb {WAITING}", "label": "vis-receive"} in edges
    assert {"from": f"pb {other}", "to": f"pb {WAITING}", "label": ""} in edges
    nodes = {node["id"]: node["status"] for node in document["graph"]["nodes"]}
    assert nodes[f"pb {other}"] == "missing"
    write({f"/pb/{WAITING}": waiting})


def test_receive_addresses_are_flattened_by_scan_type_and_beam(
    page: WebPage, write: Write
) -> None:
    beam = {
        "function": "visibilities",
        "host": [[0, "10.0.0.1"], [400, "10.0.0.2"]],
        "port": [[0, 9000, 1], [400, 9000]],
        "delay_cal": [[0, "low-cal/1/delay"]],
    }
    addresses = {"interface": "x", "science": {"vis0": beam, "bad": 7}}
    state = f"/pb/{FAILED}/state"
    with EventStream(page.endpoint, "subarray/01", f"pb/{FAILED}") as stream:
        before = stream.document(f"pb/{FAILED}")
        write(
            {
                f"/eb/{EB}": {
                    "eb_id": EB,
                    "status": "ACTIVE",
                    "pb_realtime": [FAILED],
                    "pb_batch": [WAITING],
                    "pb_receive_addresses": FAILED,
                },
                state: {"status": "FAILED", "reason": REASON, "receive_addresses": addresses},
            }
        )
        rows = stream.document("subarray/01", lambda each: each["receive_addresses"])
    assert rows["receive_addresses"] == [
        {
            "scan_type": "science",
            "beam": "vis0",
            "function": "visibilities",
            "hosts": [[0, "10.0.0.1"], [400, "10.0.0.2"]],
            "ports": [[0, 9000, 1], [400, 9000, 0]],
            "other": {"delay_cal": [[0, "low-cal/1/delay"]]},
        }
    ]
    write({state: before["texts"][state]})


def test_timeline_has_the_past_and_continues_live(page: WebPage, write: Write) -> None:
    path = "/lmc/subarray/03"
    entry = {
        "state_commanded": "ON",
        "last_command": "On",
        "last_command_time": "2026-01-31T12:00:00+00:00",
        "transaction_id": "txn-1",
        "command_count": 1,
    }
    write({path: entry})
    write({path: {**entry, "obs_state_commanded": "IDLE", "command_count": 2}})
    # Otherwise the server might receive them after the stream has begun.
    with EventStream(page.endpoint, "overview") as stream:
        stream.document("overview", lambda each: "IDLE" in str(each))
    with EventStream(page.endpoint, "subarray/03") as stream:
        document = stream.document(
            "subarray/03", lambda each: each["timeline"]["begins"]["revision"] == 1
        )
        timeline = document["timeline"]
        assert timeline["begins"]["is_compacted"] is False
        found = [each["text"] for each in timeline["items"] if each["kind"] == "obs_state"]
        assert found == ["EMPTY", "IDLE"]
        commands = [each for each in timeline["items"] if each["kind"] == "command"]
        assert [each["text"] for each in commands] == ["On", "On"]
        assert commands[0]["time"] == "2026-01-31T12:00:00.000Z"
        write({path: {**entry, "obs_state_commanded": "ABORTED", "command_count": 3}})
        later = stream.document("subarray/03", lambda each: each["card"]["obs_state"] == "ABORTED")
        found = [
            each["text"] for each in later["timeline"]["items"] if each["kind"] == "obs_state"
        ]
        assert found == ["EMPTY", "IDLE", "ABORTED"]
        write({path: None})
        assert stream.wait("gone")["topic"] == "subarray/03"


def test_short_obs_states_are_in_the_timeline(page: WebPage, write: Write) -> None:
    path = "/lmc/subarray/04"
    states = ["IDLE", "READY", "SCANNING", "READY", "IDLE", "EMPTY"]
    write({path: {"state_commanded": "ON"}})
    with EventStream(page.endpoint, "subarray/04") as stream:
        stream.document("subarray/04")
        for number, state in enumerate(states):
            write({path: {"obs_state_commanded": state, "command_count": number}})
        document = stream.document(
            "subarray/04",
            lambda each: (
                len(each["timeline"]["items"]) > len(states)
                and each["card"]["obs_state"] == "EMPTY"
            ),
        )
    found = [each["text"] for each in document["timeline"]["items"] if each["kind"] == "obs_state"]
    assert found[-len(states) :] == states
    write({path: None})


@pytest.mark.parametrize(
    ("topic", "path", "document", "status"),
    [
        ("pbs", "/pb/pb-rows-20260131-00001", {"eb_id": None}, "STARTING"),
        ("deployments", "/deploy/proc-rows", {"kind": "helm"}, "PENDING"),
        ("flows", "/flow/pb-rows:data-product:x", {"data_model": "Visibility"}, "PENDING"),
    ],
)
def test_table_sends_only_the_rows_that_change(
    page: WebPage, write: Write, topic: str, path: str, document: object, status: str
) -> None:
    key = path.rpartition("/")[2]
    with EventStream(page.endpoint, topic) as stream:
        whole = stream.document(topic)
        keys = [column["key"] for column in whole["columns"]]
        assert keys[:4] == ["id", "status", "since", "reason"]
        write({path: document})
        rows = stream.wait("rows")["rows"]
        assert list(rows) == [key]
        assert rows[key]["status"] == status
        assert set(rows[key]) == {*keys, "class"}
        write({path: None})
        assert stream.wait("rows")["rows"] == {key: None}


def test_object_has_its_texts_links_and_faults(page: WebPage) -> None:
    with EventStream(page.endpoint, f"pb/{FAILED}", f"eb/{EB}", "pb/missing") as stream:
        pb = stream.document(f"pb/{FAILED}")
        assert pb["row"]["status"] == "FAILED"
        assert set(pb["texts"]) == {f"/pb/{FAILED}", f"/pb/{FAILED}/state"}
        hrefs = [link["href"] for link in pb["links"]]
        assert hrefs == [f"/ebs/{EB}", "/subarrays/01", f"/deployments/{DEPLOYMENT}"]
        assert pb["faults"][0]["commands"] == ["ObsReset", "Restart"]
    with EventStream(page.endpoint, f"eb/{EB}", "pb/missing") as stream:
        eb = stream.document(f"eb/{EB}")
        assert eb["row"]["status"] == "ACTIVE"
        assert {link["text"] for link in eb["links"]} == {"subarray 01", FAILED, WAITING}
    for topic in ("pb/missing", "eb/a/b", f"pb/{FAILED}/state", "subarray/x", f"pb/{'x' * 5000}"):
        with EventStream(page.endpoint, topic) as stream:
            assert stream.wait("gone")["topic"] == topic


def test_log_has_each_change_with_its_fields(page: WebPage, write: Write) -> None:
    path = "/pb/pb-log-20260131-00001/state"
    with EventStream(page.endpoint, "log") as stream:
        stream.wait("whole")
        write({path: {"status": "WAITING"}})
        write({path: {"status": "RUNNING"}})
        texts: list[str] = []
        while not texts or "RUNNING" not in texts[-1]:
            rows = stream.wait("rows")["rows"]
            texts += [row["text"] for row in rows.values() if row and row["path"] == path]
    assert texts == ['created {"status":"WAITING"}', "status WAITING → RUNNING"]
    write({path: None})


@pytest.mark.parametrize(
    "query", ["", "?topic=", "?topic=pb", "?topic=pb/", "?topic=x", "?topic=overview/01"]
)
def test_unknown_topic_is_rejected(page: WebPage, query: str) -> None:
    assert request(page.endpoint, f"/events{query}").status == 400


def test_probes_answer(page: WebPage) -> None:
    for path in ("/healthz", "/readyz"):
        assert request(page.endpoint, path, headers={"Host": "10.1.2.3:8080"}).status == 200
