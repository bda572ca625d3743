"""Safe parsing of untrusted JSON and YAML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from ska_sdp_config.cli.yaml_numbers import read_numbers
from ska_sdp_config.live.values import MAX_NESTING, check_depth

__all__ = ["MAX_ALIASED_VALUES", "parse"]

MAX_ALIASED_VALUES = 1_000_000
"""Maximum number of values to which the aliases of a document may expand, beyond its length."""

KEY_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge", "value")}
"""Tags of keys that are strings, as all keys of JSON are. Other keys would be stored as another
text: ``on`` as ``true``, ``1.10`` as ``1.1``."""

try:
    from yaml import CSafeLoader as BaseLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as BaseLoader  # type: ignore[assignment]


class Loader(BaseLoader):
    """YAML loader with the numbers of YAML 1.2."""


read_numbers(Loader)


def parse(text: str) -> Any:
    """Parse a JSON or YAML document to types of JSON, and YAML's dates and numbers.

    Raises:
        ValueError: it is neither; has tags of objects, a duplicate key, or a key that is not a
            string; or its aliases expand too far. The message contains the position.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return check_depth(json.loads(text, object_pairs_hook=_unique))
        except json.JSONDecodeError:
            pass  # may be YAML in flow style
        except RecursionError as exc:
            raise ValueError("it is nested too deeply") from exc
    loader = Loader(text)
    try:
        _check_nesting(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _SizeCheck(MAX_ALIASED_VALUES + len(text)).measure(node)
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
        duplicate = next(key for key in found if [k for k, _ in pairs].count(key) > 1)
        raise ValueError(f"duplicate key {duplicate!r}")
    return found


def _check_nesting(text: str) -> None:
    """Reject a deep document before it is composed: libyaml's composer would overflow the stack.

    Raises:
        ValueError: it is nested too deeply.
    """
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_NESTING:
                raise ValueError(f"it is nested too deeply{_at(event.start_mark)}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _SizeCheck:
    """Check of the size of a YAML document before it is constructed.

    Aliases let a document of a few lines expand to billions of values.
    """

    def __init__(self, max_values: int) -> None:
        self._max_values = max_values
        self._measured: dict[int, tuple[int, int]] = {}
        self._ancestors: set[int] = set()

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """Return the number and depth of the values with all aliases expanded.

        Raises:
            ValueError: too many, too deep, or recursive; or a mapping has a duplicate key.
        """
        known = self._measured.get(id(node))
        if known is not None:
            return known
        if id(node) in self._ancestors:
            raise ValueError(f"a value refers to itself{_at(node.start_mark)}")
        self._ancestors.add(id(node))
        size, depth = 1, 0
        for child in _children(node):
            child_size, child_depth = self.measure(child)
            size, depth = size + child_size, max(depth, child_depth)
            if size > self._max_values:
                raise ValueError(
                    f"its aliases expand to more than {MAX_ALIASED_VALUES} values"
                    f"{_at(node.start_mark)}"
                )
        if depth == MAX_NESTING:
            raise ValueError(f"its aliases nest too deeply{_at(node.start_mark)}")
        self._ancestors.discard(id(node))
        self._measured[id(node)] = size, depth + 1
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
                raise ValueError(f"duplicate key {key.value!r}{_at(key.start_mark)}")
            keys.add((key.tag, key.value))
            if key.tag not in KEY_TAGS:
                raise ValueError(
                    f"the key {key.value} is not a string: quote it{_at(key.start_mark)}"
                )
    return [part for pair in node.value for part in pair]


def _at(mark: Any) -> str:
    """Format the position of a mark; libyaml's are of another class than PyYAML's."""
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
