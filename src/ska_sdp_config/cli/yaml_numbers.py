"""Numbers of YAML 1.2; PyYAML implements YAML 1.1.

In YAML 1.1, ``0.35e9`` is text, ``010`` is eight and ``1:30`` is ninety. In YAML 1.2 numbers are
those of JSON, and also ``0o17``, ``0xff``, ``.5``, ``5.``, ``.inf`` and ``.nan``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from yaml.resolver import BaseResolver

__all__ = ["quote_numbers", "read_numbers"]

_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_FORMS = {
    _INT: re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
    _FLOAT: re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
}
_FIRST = list("-+.0123456789")


def read_numbers(loader: type[Any]) -> None:
    """Make a loader class accept the numbers of YAML 1.2 only."""
    loader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in forms if tag not in _FORMS]
        for first, forms in loader.yaml_implicit_resolvers.items()
    }
    _add_forms(loader)
    loader.add_constructor(_INT, _int)
    loader.add_constructor(_FLOAT, _float)


def quote_numbers(dumper: type[BaseResolver]) -> None:
    """Make a dumper class quote text that is a number in YAML 1.1 or 1.2."""
    _add_forms(dumper)


def _add_forms(resolver: type[BaseResolver]) -> None:
    for tag, form in _FORMS.items():
        resolver.add_implicit_resolver(tag, form, _FIRST)


def _int(loader: Any, node: Any) -> int:
    text = _text(loader, node, _INT)
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(loader: Any, node: Any) -> float:
    text = _text(loader, node, _FLOAT).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _text(loader: Any, node: Any, tag: str) -> str:
    """Return the text of a number; a tag such as ``!!int`` may stand before any text."""
    text = str(loader.construct_scalar(node))
    if not (_FORMS[tag].match(text) or _FORMS[_INT].match(text)):
        raise yaml.constructor.ConstructorError(
            None, None, f"{text!r} is not a number", node.start_mark
        )
    return text
