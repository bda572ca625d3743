"""Calls in the source that wait for an answer of etcd or of Tango, found by their syntax."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ska_sdp_config.drivers.etcd.channel import Channel
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.login import Login
from ska_sdp_config.drivers.etcd.store import EtcdStore
from ska_sdp_config.store.interface import Store

__all__ = ["Lines", "Site", "find_sites", "sites_in"]

ROOT = Path(__file__).parents[2]


def _with_timeout(*classes: type) -> frozenset[str]:
    """Return the methods of classes that take a timeout, so they wait."""
    return frozenset(
        name
        for each in classes
        for name, method in inspect.getmembers(each, inspect.isfunction)
        if "timeout" in inspect.signature(method).parameters
    )


STORE_METHODS = _with_timeout(Store)
"""Methods of a store that wait. To start a watch does not wait."""

DRIVER_METHODS = _with_timeout(EtcdStore, EtcdClient, Login, Channel) | {"log_in", "watch"}
"""Methods of the etcd driver that wait; the response to ``watch`` is awaited by a loop."""

STREAMS = frozenset({"stream", "self._call"})
"""Watch streams: a loop over one waits for each response."""

TANGO_METHODS = frozenset(
    {
        "check_access",
        "command_inout",
        "create_connection",
        "get_device_class_list",
        "get_device_properties",
        "get_device_property",
        "get_property",
        "init_device",
        "put_property",
        "ping",
        "push",
        "read_attribute",
        "write_attribute",
    }
)
"""Methods that wait for Tango or for a server, and those that push events."""

TANGO_CLIENTS = frozenset({"tango.Database", "tango.DeviceProxy"})
"""Classes whose constructor connects."""


class Site(NamedTuple):
    """A call in the source.

    Attributes:
        module: path of the file below the root of the repository.
        function: qualified name of the function.
        call: the method, with its leading constant arguments.
        number: place among equal calls of the function, from 1.
    """

    module: str
    function: str
    call: str
    number: int = 1

    def __str__(self) -> str:
        place = f" #{self.number}" if self.number > 1 else ""
        return f"{self.function}: {self.call}{place}"


class Lines(NamedTuple):
    """Lines of a call: that of a frame that waits in the call is one of them."""

    file: str
    lines: range


Waits = Callable[[ast.Call | ast.For], bool]


def _waits_for_store(node: ast.Call | ast.For) -> bool:
    if not isinstance(node, ast.Call) or _name(node) not in STORE_METHODS:
        return False
    return any(keyword.arg == "timeout" for keyword in node.keywords)


def _waits_in_driver(node: ast.Call | ast.For) -> bool:
    if isinstance(node, ast.For):
        return ast.unparse(node.iter) in STREAMS
    return isinstance(node.func, ast.Attribute) and node.func.attr in DRIVER_METHODS


def _waits_for_tango(node: ast.Call | ast.For) -> bool:
    if isinstance(node, ast.For):
        return False
    return _name(node) in TANGO_METHODS or ast.unparse(node.func) in TANGO_CLIENTS


AREAS: Mapping[str, Waits] = {
    "src/ska_sdp_config/engine/*.py": _waits_for_store,
    "src/ska_sdp_config/presence.py": _waits_for_store,
    "src/ska_sdp_config/drivers/etcd/*.py": _waits_in_driver,
    "devices/ska_sdp_lmc/runtime/*.py": _waits_for_tango,
    "devices/ska_sdp_lmc/devices/*.py": _waits_for_tango,
}
"""Files in which each kind of call is searched."""


@cache
def find_sites() -> Mapping[Site, Lines]:
    """Return all calls that wait, with their lines."""
    return {
        site: Lines(str(path), lines)
        for pattern in AREAS
        for path in sorted(ROOT.glob(pattern))
        for site, lines in sites_in(path.read_text(), str(path.relative_to(ROOT))).items()
    }


def sites_in(source: str, module: str) -> dict[Site, range]:
    """Return the calls in a source that wait, with their lines.

    Args:
        source: the text of the module.
        module: its path below the root, which decides what waits.
    """
    waits = next(each for area, each in AREAS.items() if Path(module).match(area))
    counts: Counter[tuple[str, str]] = Counter()
    found = {}
    for function, label, lines in _walk(ast.parse(source), (), waits):
        counts[function, label] += 1
        found[Site(module, function, label, counts[function, label])] = lines
    return found


def _walk(node: ast.AST, names: tuple[str, ...], waits: Waits) -> Iterator[tuple[str, str, range]]:
    """Yield the function, the label and the lines of each call that waits."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        names = (*names, node.name)
    if isinstance(node, (ast.Call, ast.For)) and waits(node):
        end = node.iter if isinstance(node, ast.For) else node
        yield ".".join(names), _label(node), range(node.lineno, (end.end_lineno or 0) + 1)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, names, waits)


def _label(node: ast.Call | ast.For) -> str:
    if isinstance(node, ast.For):
        return f"for {ast.unparse(node.iter)}"
    constants = []
    for argument in node.args:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            break
        constants.append(argument.value)
    return " ".join([_name(node), *filter(None, [".".join(constants)])])


def _name(node: ast.Call) -> str:
    """Return the name of the called function or method without the object."""
    return ast.unparse(node.func).rpartition(".")[2]
