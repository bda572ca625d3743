"""JSON and YAML from outside, read so that it can do no harm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from ska_sdp_config.cli.values import DEEPEST, check_depth
from ska_sdp_config.cli.yaml_numbers import read_numbers

__all__ = ["MOST_NODES", "parse"]

MOST_NODES = 1_000_000
"""How many values a document's references may stand for, beyond what it writes out itself."""

KEY_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge", "value")}
"""Kinds of keys that are strings, as all keys of JSON are. Other keys would be stored as another
text than was written: ``on`` as ``true``, ``1.10`` as ``1.1``."""

try:
    from yaml import CSafeLoader as BaseLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as BaseLoader  # type: ignore[assignment]


class Loader(BaseLoader):
    """A loader of YAML with the numbers of YAML 1.2."""


read_numbers(Loader)


def parse(text: str) -> Any:
    """Read a JSON or YAML document.

    Args:
        text: the document.

    Returns:
        What it holds: only what JSON can say, and YAML's dates and numbers.

    Raises:
        ValueError: it is neither; it names objects to be made (tags); it has a key twice, or
            one that is not a string; or it grows without measure by references to itself.
            The message gives the place.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return check_depth(json.loads(text, object_pairs_hook=_unique))
        except json.JSONDecodeError:
            pass  # braces begin a YAML document too
        except RecursionError as exc:
            raise ValueError("it is nested too deeply") from exc
    loader = Loader(text)
    try:
        _check_nesting(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _Measure(MOST_NODES + len(text)).take(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise ValueError(f"{exc.problem}{_at(mark)}") from exc
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from exc
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc
    finally:
        loader.dispose()


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key in found if [k for k, _ in pairs].count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one mapping")
    return found


def _check_nesting(text: str) -> None:
    """Refuse a deep document before it is composed: libyaml's composer would overrun the stack.

    Raises:
        ValueError: it is nested too deeply; says where.
    """
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"it is nested too deeply{_at(event.start_mark)}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Measure:
    """Measures a YAML document before anything is made of it.

    References (aliases) let a document of a few lines mean billions of values.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def take(self, node: yaml.Node) -> tuple[int, int]:
        """Get how many values there are with every reference written out, and how deep.

        Raises:
            ValueError: too many, too deep, or endless; or a key stands twice in a mapping.
        """
        known = self._known.get(id(node))
        if known is not None:
            return known
        if id(node) in self._open:
            raise ValueError(f"a value refers to itself{_at(node.start_mark)}")
        self._open.add(id(node))
        size, depth = 1, 0
        for child in _children(node):
            its_size, its_depth = self.take(child)
            size, depth = size + its_size, max(depth, its_depth)
            if size > self._most:
                raise ValueError(
                    f"its references stand for more than {MOST_NODES} values{_at(node.start_mark)}"
                )
        if depth == DEEPEST:
            raise ValueError(f"its references nest too deeply{_at(node.start_mark)}")
        self._open.discard(id(node))
        self._known[id(node)] = size, depth + 1
        return size, depth + 1


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in keys:
                raise ValueError(f"the key {key.value!r} stands twice{_at(key.start_mark)}")
            keys.add((key.tag, key.value))
            if key.tag not in KEY_TAGS:
                raise ValueError(
                    f"the key {key.value} is not a string: put it in quotes{_at(key.start_mark)}"
                )
    return [part for pair in node.value for part in pair]


def _at(mark: Any) -> str:
    """Say where a mark is; libyaml's are of another class than PyYAML's."""
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
