"""Lazy import of the names of a package (PEP 562).

Importing the package, e.g. for the help of the command line, then loads neither grpc nor pydantic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

__all__ = ["names_of"]


def names_of(
    package: str, homes: Mapping[str, str], submodules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package.

    Args:
        package: name of the package.
        homes: module of each name; a leading dot means a module of the package.
        submodules: modules of the package that are available as attributes without an import.
    """

    def find(name: str) -> Any:
        if name in submodules:
            return import_module(f".{name}", package)
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, *submodules})

    return find, list_names
