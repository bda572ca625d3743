"""Diagrams laid out by Graphviz: the architecture and the obsStates.

``make diagrams`` writes them to ``docs/diagrams``, those of the obsStates to the files of the web
page; the documentation includes the committed files. Each obsState is an element with the ID
``<diagram>-<obsState>`` and the class ``state-<obsState>``, by which the web page selects it.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.transitions import TRANSITIONS

__all__ = ["TITLES", "Edge", "edges", "read", "render"]

TITLES: Mapping[str, str] = {
    "architecture": "Parts of the system, and how etcd connects them",
    "cycle": "obsStates of an observation, and the commands that lead from one to the next",
    "exits": "Ways out of an observation: Abort, FAULT, ObsReset, Restart and Off",
}
"""Text alternative of each diagram, by its name."""

_DIRECTORY = Path(__file__).parents[1] / "diagrams"
_OF_THE_WEB_PAGE = Path(__file__).parents[2] / "src" / "ska_sdp_web" / "static"
_STYLE = """
compound=true; nodesep=0.2; ranksep=0.4; bgcolor=transparent; fontname="sans-serif"
node [shape=box, style="rounded,filled", fillcolor="#80808020", height=0.36, margin="0.1,0.04"]
node [fontname="sans-serif", fontsize=13]
edge [fontname="sans-serif", fontsize=12]
"""
_EXITS = ("Abort", "ObsReset", "Restart")


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow of a diagram of obsStates.

    Attributes:
        starts: obsStates that it leads from.
        end: obsState that it leads to.
        label: the commands that cause it, or ``timeout``; empty if no command does.
    """

    starts: frozenset[ObsState]
    end: ObsState
    label: str = ""


def read(name: str) -> str:
    """Return the committed SVG text of a diagram."""
    return _path(name).read_text()


def render(name: str) -> str:
    """Lay out a diagram with Graphviz's ``dot``; return its SVG text."""
    if name == "architecture":
        body: Iterable[str] = [(_DIRECTORY / "architecture.dot").read_text()]
    else:
        body = _cycle() if name == "cycle" else _exits()
    source = "\n".join([f"digraph {name} {{", _STYLE, *body, "}"])
    done = subprocess.run(
        ["dot", "-Tsvg"], input=source, capture_output=True, text=True, check=True
    )
    return _for_pages(done.stdout, TITLES[name])


def edges(diagram: str) -> list[Edge]:
    """Return the arrows of ``cycle`` or ``exits``, without On and Off of any obsState."""
    commands: defaultdict[tuple[frozenset[ObsState], ObsState], list[str]] = defaultdict(list)
    following: set[tuple[ObsState, ObsState]] = set()
    waiting: set[ObsState] = set()
    for name, transition in TRANSITIONS.items():
        if transition.transient and transition.pending:
            waiting.add(transition.transient)
        if transition.state is not None or (name in _EXITS) != (diagram == "exits"):
            continue
        starts = [transition.obs_states]
        if diagram == "cycle":
            starts = [frozenset({obs_state}) for obs_state in sorted(transition.obs_states)]
        for start in starts:
            commands[start, transition.transient or transition.target].append(name)
        if transition.transient is not None:
            following.add((transition.transient, transition.target))
    found = [Edge(*ends, ", ".join(names)) for ends, names in commands.items()]
    found += [Edge(frozenset({start}), end) for start, end in sorted(following)]
    if diagram == "exits":
        found.append(Edge(frozenset(waiting), ObsState.FAULT, "timeout"))
    return found


def _cycle() -> Iterator[str]:
    found = edges("cycle")
    yield from _nodes("cycle", sorted({edge.end for edge in found}))
    yield from map(_arrow, found)


def _exits() -> Iterator[str]:
    """Yield the ways out; an arrow from several obsStates begins at a frame around them."""
    found = edges("exits")
    starts = {edge.label: edge.starts for edge in found}
    yield from _nodes("exits", sorted(ObsState))
    waiting = _frame(starts["timeout"], _column(starts["timeout"]))
    yield _frame(starts["Abort"], _column(starts["Abort"] - starts["timeout"]) + waiting)
    yield _frame(starts["Restart"], " ".join(each.name for each in sorted(starts["Restart"])))
    yield from map(_arrow, found)
    yield 'any [label="any obsState", shape=plain, style=""]; any -> EMPTY [label=" Off"]'


def _nodes(diagram: str, states: Iterable[ObsState]) -> Iterator[str]:
    for each in states:
        yield f'{each.name} [id="{diagram}-{each.name}", class="state-{each.name}"]'


def _column(states: Iterable[ObsState]) -> str:
    return " -> ".join(each.name for each in sorted(states)) + " [style=invis]\n"


def _frame(states: frozenset[ObsState], body: str) -> str:
    return f'subgraph {_cluster(states)} {{ style="rounded,dashed"\n{body} }}'


def _cluster(states: Iterable[ObsState]) -> str:
    return "_".join(["cluster", *(each.name for each in sorted(states))])


def _arrow(edge: Edge) -> str:
    start = max(edge.starts)
    lines = edge.label.replace(", ", r"\n ")
    options = [f'label=" {lines} "']
    if len(edge.starts) > 1:
        options.append(f"ltail={_cluster(edge.starts)}")
    if not edge.label:
        options.append("style=dashed")
    if edge.end in (ObsState.RESETTING, ObsState.IDLE) and start > edge.end:
        options.append("constraint=false")
    return f"{start.name} -> {edge.end.name} [{', '.join(options)}]"


def _path(name: str) -> Path:
    return (_DIRECTORY if name == "architecture" else _OF_THE_WEB_PAGE) / f"{name}.svg"


def _for_pages(text: str, title: str) -> str:
    """Give a diagram the colour of the page's text.

    Styles are left to the pages: the web page's security policy permits no style attributes.
    """
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ET.fromstring(text)
    for size in ("width", "height"):
        root.set(size, root.attrib[size].removesuffix("pt"))
    root.attrib |= {"class": "diagram", "role": "img", "aria-label": title}
    root.set("fill", "currentColor")
    for element in root.iter():
        for name in ("stroke", "fill"):
            if element.get(name) == "black":
                element.set(name, "currentColor")
    return ET.tostring(root, encoding="unicode") + "\n"


if __name__ == "__main__":
    for each in TITLES:
        _path(each).write_text(render(each))
