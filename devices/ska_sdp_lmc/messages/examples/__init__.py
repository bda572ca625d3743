"""Example messages of the project's own, one file a schema and version.

They are right at every strictness: the assignments describe one low-frequency observation with
all kinds of beams, and the other messages go with it.
"""

from __future__ import annotations

from importlib.resources import files

__all__ = ["example", "example_names"]


def example_names() -> list[str]:
    """Return the names of all examples, sorted: ``assignres-0.4`` and so on."""
    names = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def example(name: str) -> str:
    """Return the JSON text of an example.

    Args:
        name: schema and version, such as ``assignres-1.0``.

    Raises:
        KeyError: there is none of this name.
    """
    if name not in example_names():
        raise KeyError(f"there is no example {name!r}, there are {', '.join(example_names())}")
    return files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
