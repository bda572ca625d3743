"""Check that the optional packages of a program are installed."""

from __future__ import annotations

import importlib.util
import sys

MODULES = {
    "tango": ("tango", "prometheus_client", "pydantic_settings"),
    "local": ("databaseds",),
    "secure": ("cryptography",),
    "web": ("starlette", "uvicorn"),
}
"""Required modules of each extra."""


def is_installed(extra: str) -> bool:
    """Return whether the packages of an extra, a key of ``MODULES``, are installed."""
    return not _missing(extra)


def require(program: str, *extras: str) -> None:
    """Exit if a package of an extra is missing.

    Args:
        program: name of the program, for the message.
        extras: required extras of this distribution, keys of ``MODULES``.

    Raises:
        SystemExit: a package is missing; the message names the extras to install.
    """
    missing = {extra: absent for extra in extras if (absent := _missing(extra))}
    if missing:
        names = " and ".join(f"'{extra}'" for extra in missing)
        modules = ", ".join(name for absent in missing.values() for name in absent)
        sys.exit(
            f"{program}: not installed: {modules}. Install ska-sdp-lmc with the "
            f"extra{'s' if len(missing) > 1 else ''} {names}, "
            f"in its clone: pip install '.[{','.join(missing)}]'"
        )


def _missing(extra: str) -> list[str]:
    return [name for name in MODULES[extra] if not importlib.util.find_spec(name)]
