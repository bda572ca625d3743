"""Functions of the web page's modules, which need no server but one for files."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route

from ska_sdp_config.lmc.receive_addresses import host_and_port
from ska_sdp_config.lmc.states import HealthState, ObsState, State


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """Call a function of a module with JSON arguments."""
    script = "async ([module, name, given]) => (await import(module))[name](...given)"
    return page.evaluate(script, [f"/{module}.js", function, list(arguments)])


HOSTS = [[0, "node-0"], [2000, "node-1"], [5000, "node-2"]]
PORTS = [[0, 9000, 1], [2000, 9100, 0], [4000, 9200, 2]]


@pytest.mark.parametrize("channel", [0, 1, 1999, 2000, 3999, 4000, 4321, 5000, 70_000])
def test_channel_has_the_address_that_the_library_finds(module_page: Page, channel: int) -> None:
    entry = {"hosts": HOSTS, "ports": PORTS}
    found = call(module_page, "addresses", "addressOfChannel", entry, channel)
    host, port = host_and_port({"host": HOSTS, "port": PORTS}, channel)
    assert found == {"host": host, "port": port}


@pytest.mark.parametrize(
    "entry",
    [
        {"hosts": [], "ports": PORTS},
        {"hosts": HOSTS, "ports": []},
        {"hosts": [[10, "node-0"]], "ports": PORTS},
    ],
)
def test_channel_without_an_entry_has_no_address(module_page: Page, entry: Any) -> None:
    assert call(module_page, "addresses", "addressOfChannel", entry, 5) is None


def test_long_channel_map_is_listed_in_part_and_searched_whole(module_page: Page) -> None:
    script = """async ([entry]) => {
        const { setQuery } = await import("/router.js");
        setQuery({ channel: "3455" });
        const parts = (await import("/addresses.js")).addresses([entry], () => {});
        setQuery({ channel: "" });
        const text = parts.map(each => each.textContent).join(" ");
        return [text, parts.at(-1).querySelectorAll("li").length];
    }"""
    hosts = [[channel, f"node-{channel}"] for channel in range(3456)]
    entry = {"scan_type": "science", "beam": "vis0", "hosts": hosts, "ports": PORTS}
    text, listed = module_page.evaluate(script, [entry])
    assert listed == 100 + len(PORTS)
    assert "and 3356 more: enter a channel" in text
    assert "node-3455:" in text


ROWS = [
    ["b-2", {"status": "RUNNING", "class": "ok", "since": "2026-01-31T12:00:00+00:00", "n": 10}],
    ["b-10", {"status": "FAILED", "class": "bad", "since": "2026-01-31T11:00:00+00:00", "n": 9}],
    ["a-1", {"status": "WAITING", "class": "waiting", "since": None, "n": None}],
    ["c-1", {"status": "ODD", "class": "unknown", "since": None, "n": 100}],
    ["b-1", {"status": "RUNNING", "class": "ok", "since": "2026-01-31T13:00:00+00:00", "n": 1}],
]


@pytest.mark.parametrize(
    ("sorting", "kind", "expected"),
    [
        (None, "text", ["b-10", "c-1", "a-1", "b-1", "b-2"]),
        ({"key": "n", "isDescending": False}, "number", ["a-1", "b-1", "b-10", "b-2", "c-1"]),
        ({"key": "n", "isDescending": True}, "number", ["c-1", "b-2", "b-10", "b-1", "a-1"]),
        ({"key": "since", "isDescending": True}, "time", ["b-1", "b-2", "b-10", "a-1", "c-1"]),
        ({"key": "none", "isDescending": True}, "text", ["a-1", "b-1", "b-2", "b-10", "c-1"]),
    ],
)
def test_rows_are_sorted(module_page: Page, sorting: Any, kind: str, expected: list[str]) -> None:
    found = call(module_page, "order", "sortRows", ROWS, sorting, kind)
    assert [key for key, _ in found] == expected


def test_click_on_a_column_sorts_up_then_down_then_not(module_page: Page) -> None:
    texts = ["since"]
    for _ in range(3):
        texts.append(call(module_page, "order", "nextSorting", texts[-1], "since"))
    assert texts == ["since", "-since", "", "since"]


def test_filter_finds_words_in_any_column_but_not_in_the_class(module_page: Page) -> None:
    found = call(module_page, "order", "filterRows", ROWS, "FAIL", "")
    assert [key for key, _ in found] == ["b-10"]
    assert call(module_page, "order", "filterRows", ROWS, "bad", "") == []
    found = call(module_page, "order", "filterRows", ROWS, "", "RUNNING")
    assert [key for key, _ in found] == ["b-2", "b-1"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (3600, "1 h"),
        (86399, "23 h 59 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_duration_has_two_units(module_page: Page, seconds: float, text: str) -> None:
    assert call(module_page, "clock", "duration", seconds * 1000) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\tb\nc é 日", "a\tb\nc é 日"), ("a\u202eb\x1b[2J", r"a\u202eb\u001b[2J")],
)
def test_control_characters_are_escaped(module_page: Page, text: str, shown: str) -> None:
    assert call(module_page, "visible", "visible", text) == shown


def test_time_is_in_utc(module_page: Page) -> None:
    assert (
        call(module_page, "clock", "utc", "2026-01-31T14:00:00+02:00") == "2026-01-31 12:00:00 UTC"
    )
    assert call(module_page, "clock", "utc", "soon") == "soon"


def test_every_state_has_a_class(module_page: Page) -> None:
    names = [each.name for states in (ObsState, HealthState, State) for each in states]
    classes = {name: call(module_page, "status", "classOf", name) for name in names}
    assert [name for name, found in classes.items() if found == "unknown"] == ["UNKNOWN"]
    assert {name for name, found in classes.items() if found == "bad"} == {"FAULT", "FAILED"}


def node(name: str) -> dict[str, str]:
    return {"id": name, "kind": "pb", "label": name, "status": "READY", "class": "ok"}


def test_graph_places_each_block_after_those_that_it_waits_for(module_page: Page) -> None:
    script = """async ([nodes, edges]) => {
        const { places } = (await import("/graph.js")).layout(nodes, edges);
        return Object.fromEntries([...places].map(([id, { x }]) => [id, x]));
    }"""
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "none")]
    pairs = [{"from": start, "to": end} for start, end in edges]
    x = module_page.evaluate(script, [[node(name) for name in "cba"], pairs])
    assert x["a"] < x["b"] < x["c"]


def test_graph_places_a_deployment_below_its_block(module_page: Page) -> None:
    script = """async ([nodes, edges]) =>
        Object.fromEntries((await import("/graph.js")).layout(nodes, edges).places)"""
    nodes = [node("pb-1"), node("pb-2"), {**node("proc-pb-1-receive"), "kind": "deployment"}]
    edges = [{"from": "pb-1", "to": "pb-2"}, {"from": "pb-1", "to": "proc-pb-1-receive"}]
    places = module_page.evaluate(script, [nodes, edges])
    block, deployment = places["pb-1"], places["proc-pb-1-receive"]
    assert block["x"] < deployment["x"] < places["pb-2"]["x"]
    assert block["y"] < deployment["y"]
    assert deployment["label"] == "proc-…-receive"


def test_graph_with_a_circle_is_drawn(module_page: Page) -> None:
    edges = [{"from": "a", "to": "b"}, {"from": "b", "to": "a"}, {"from": "a", "to": "a"}]
    found = call(module_page, "graph", "layout", [node("a"), node("b")], edges)
    assert found["width"] > 0


def test_band_lasts_until_the_next_one(module_page: Page) -> None:
    def item(second: int, kind: str, text: str) -> dict[str, Any]:
        return {"time": f"2026-01-31T12:00:{second:02}Z", "kind": kind, "text": text}

    script = """async ([items]) => {
        const { bands, withTimes } = await import("/timeline.js");
        const [start, end] = [10, 30].map(second => Date.parse(`2026-01-31T12:00:${second}Z`));
        const found = bands(withTimes(items, end), start, end);
        return found.map(({ item, left, width }) => [item.text, left, width]);
    }"""
    states = [item(0, "obs_state", "IDLE"), item(15, "obs_state", "READY")]
    assert module_page.evaluate(script, [states]) == [["IDLE", 0, 0.25], ["READY", 0.25, 0.75]]
    scans = [item(10, "scan", "scan 1 started"), item(20, "scan", "scan 1 ended")]
    assert module_page.evaluate(script, [scans]) == [["scan 1 started", 0, 0.5]]


def test_item_without_a_time_came_after_the_one_before_it(module_page: Page) -> None:
    seconds = [None, "10", None, "09", "20"]
    items = [{"time": second and f"2026-01-31T12:00:{second}Z"} for second in seconds]
    # A clock that is fast, far or near.
    items[3:3] = [{"time": "2199-01-31T12:00:00Z"}, {"time": "2026-01-31T12:05:00Z"}]
    now = module_page.evaluate("Date.parse('2026-01-31T12:01:00Z')")
    found = call(module_page, "timeline", "withTimes", items, now)
    first = found[0]["at"]
    assert [each["at"] - first for each in found] == [0, 0, 0, 0, 0, 0, 10_000]
    assert call(module_page, "timeline", "withTimes", [{"time": None}], now) == []


@pytest.mark.parametrize(
    ("path", "view", "topics"),
    [
        ("/", "overview", ["overview"]),
        ("/subarrays/01", "subarray", ["subarray/01"]),
        ("/pbs", "table", ["pbs"]),
        ("/pbs/pb-a", "object", ["pb/pb-a"]),
        ("/flows/pb-a%3Akafka%3Ax", "object", ["flow/pb-a:kafka:x"]),
        ("/ebs/%3Cb%3E", "object", ["eb/<b>"]),
        ("/pbs/%", "object", ["pb/%"]),
        ("/log", "log", ["log"]),
        ("/ebs", "missing", ["overview"]),
        ("/nothing", "missing", ["overview"]),
        ("/constructor/x", "missing", ["overview"]),
        ("/ebs/a%2Fb", "missing", ["overview"]),
        ("/ebs/%2e%2e", "missing", ["overview"]),
        (f"/ebs/{'x' * 1000}", "missing", ["overview"]),
    ],
)
def test_address_names_view_and_topics(
    module_page: Page, path: str, view: str, topics: list[str]
) -> None:
    found = call(module_page, "router", "parse", path)
    assert (found["view"], found["topics"]) == (view, topics)


@pytest.mark.parametrize(
    ("status", "body", "is_done", "is_unknown", "text"),
    [
        (200, '{"result": "[0]"}', True, False, "Scan was accepted. [0]"),
        (409, '{"error": "not allowed"}', False, False, "not allowed"),
        (403, "Unknown host\n", False, False, "Unknown host"),
        (413, "", False, False, "Rejected with HTTP status 413."),
        (401, "", False, False, "Not sent: the login has ended."),
        (503, '{"error": "Too many"}', False, False, "Too many"),
        (504, '{"error": "It is unknown whether"}', False, True, "It is unknown whether"),
        (502, "<html>Bad gateway</html>", False, True, "<html>Bad gateway</html>\nIt is unknown"),
        # Of a proxy: its login page, and a connection that was reset after the request.
        (200, "<html>Log in</html>", False, True, "<html>Log in</html>\nIt is unknown"),
        (200, "", False, True, "HTTP status 200.\nIt is unknown"),
        (503, "upstream reset", False, True, "upstream reset\nIt is unknown"),
        (503, "", False, True, "HTTP status 503.\nIt is unknown"),
    ],
)
def test_answer_to_a_command_says_whether_it_was_executed(
    module_page: Page, status: int, body: str, is_done: bool, is_unknown: bool, text: str
) -> None:
    module_page.route("**/commands", lambda route: route.fulfill(status=status, body=body))
    found = call(module_page, "post", "post", "01", "Scan", "{}")
    module_page.unroute("**/commands")
    assert (found["isDone"], found["isUnknown"]) == (is_done, is_unknown)
    assert found["text"].startswith(text)


def test_command_without_an_answer_may_have_been_executed(module_page: Page) -> None:
    module_page.route("**/commands", lambda route: route.abort())
    found = call(module_page, "post", "post", "01", "Scan", "{}")
    module_page.unroute("**/commands")
    assert found["isUnknown"]
    assert "unknown whether Scan was executed" in found["text"]


def test_redirected_command_is_not_accepted(module_page: Page) -> None:
    def answer(route: Route) -> None:
        if route.request.url.endswith("/commands"):
            route.fulfill(status=302, headers={"Location": "/login"})
        else:
            route.fulfill(body='{"result": "of another page"}')

    module_page.route("**/commands", answer)
    module_page.route("**/login", answer)
    found = call(module_page, "post", "post", "01", "Scan", "{}")
    module_page.unroute("**/commands")
    module_page.unroute("**/login")
    assert found["isUnknown"]


def test_elements_with_the_same_key_are_all_kept(module_page: Page) -> None:
    script = """async ([draws]) => {
        const { h, update } = await import("/dom.js");
        const live = h("ul");
        return draws.map(items => {
            update(live, items.map(([key, text]) => h("li", { "data-key": key }, text)));
            return [...live.children].map(each => each.textContent);
        });
    }"""
    draws = [
        [("a", "1"), ("a", "2"), ("b", "3")],
        [("a", "4"), ("a", "5"), ("b", "6")],
        [("b", "7"), ("a", "8"), ("a", "9")],
        [("a", "10")],
    ]
    found = module_page.evaluate(script, [draws])
    assert found == [[text for _, text in items] for items in draws]
