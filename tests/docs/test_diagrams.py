"""The committed diagrams match the state machine and a fresh layout."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from docs.generate.diagrams import TITLES, edges, read, render

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.transitions import TRANSITIONS

SVG = "{http://www.w3.org/2000/svg}"


def elements(svg: str) -> Iterator[tuple[str, str, str]]:
    """Yield the ID and class, the name and the text of each node, edge and frame.

    Coordinates and order depend on the release of Graphviz.
    """
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        kind = group.attrib["class"]
        name = group.findtext(f"{SVG}title", "")
        text = "\n".join((each.text or "").strip() for each in group.findall(f"{SVG}text"))
        stable_id = group.attrib["id"] if kind.startswith("node state-") else ""
        yield f"{stable_id} {kind}", name, text


def arrows(svg: str) -> list[tuple[str, str]]:
    found = [(name, text) for kind, name, text in elements(svg) if kind.endswith("edge")]
    return sorted((name, ", ".join(text.split())) for name, text in found)


@pytest.mark.skipif(
    shutil.which("dot") is None, reason="dot is missing: .ci/run installs graphviz"
)
@pytest.mark.parametrize("name", TITLES)
def test_diagram_is_current(name: str) -> None:
    assert sorted(elements(read(name))) == sorted(elements(render(name))), "run make diagrams"


@pytest.mark.parametrize("diagram", ["cycle", "exits"])
def test_diagram_has_each_arrow(diagram: str) -> None:
    # An arrow from a frame begins at the last obsState in it. Off is allowed in any obsState.
    expected = [
        (f"{max(edge.starts).name}->{edge.end.name}", edge.label) for edge in edges(diagram)
    ]
    if diagram == "exits":
        expected.append(("any->EMPTY", "Off"))
    assert arrows(read(diagram)) == sorted(expected)


def test_every_transition_has_its_arrow() -> None:
    found = [*edges("cycle"), *edges("exits")]
    arrows = {
        (start, name, edge.end)
        for edge in found
        for name in edge.label.split(", ")
        for start in edge.starts
    }
    commands = {
        (obs_state, name, change.transient or change.target)
        for name, change in TRANSITIONS.items()
        if name not in ("On", "Off")
        for obs_state in change.obs_states
    }
    assert {arrow for arrow in arrows if arrow[1] not in ("", "timeout")} == commands
    assert (ObsState.RESOURCING, "", ObsState.IDLE) in arrows
    timeouts = {start.name for start, label, _ in arrows if label == "timeout"}
    assert timeouts == {"RESOURCING", "CONFIGURING", "RESETTING"}


def test_each_obs_state_is_an_element_with_an_id() -> None:
    ids = [each.get("id") for name in TITLES for each in ET.fromstring(read(name)).iter()]
    assert all(ids.count(f"exits-{state.name}") == 1 for state in ObsState)
    in_the_cycle = ("EMPTY", "RESOURCING", "IDLE", "CONFIGURING", "READY", "SCANNING")
    assert all(ids.count(f"cycle-{state}") == 1 for state in in_the_cycle)


@pytest.mark.parametrize("name", TITLES)
def test_diagram_is_legible_on_a_phone(name: str) -> None:
    svg = ET.fromstring(read(name))
    # 390 px less the margins of the page.
    assert float(svg.attrib["width"]) <= 358
    sizes = [float(each.attrib["font-size"]) for each in svg.iter(f"{SVG}text")]
    assert min(sizes) >= 12
