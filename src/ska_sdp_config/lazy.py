"""Names of a package that come when they are asked for (PEP 562).

So importing the package, as the command line does for its help, loads neither grpc nor pydantic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

__all__ = ["names_of"]


def names_of(
    package: str, homes: Mapping[str, str], submodules: Collection[str] = ()
) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package.

    Args:
        package: its name.
        homes: for each name the module that has it; one that begins with a dot is the package's.
        submodules: names of modules of the package that are attributes of it without an import
            of their own.
    """

    def find(name: str) -> Any:
        if name in submodules:
            return import_module(f".{name}", package)
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
