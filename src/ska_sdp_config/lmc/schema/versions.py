"""Schema name and version from the ``interface`` of a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ska_sdp_config.lmc.schema.faults import Issue, Severity, format_value

__all__ = ["KNOWN", "Version", "read_interface"]


class Version(NamedTuple):
    """Version of a message schema; all commands share one numbering."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


KNOWN = tuple(
    Version(major, minor)
    for major, minors in ((0, (1, 2, 3, 4, 5)), (1, (0, 1, 2)), (2, (0, 1)))
    for minor in minors
)
"""Known versions, oldest first."""

_NUMBER = "(0|[1-9][0-9]{0,5})"
_INTERFACE = re.compile(
    rf"https://schema\.(?:skao\.int|skatelescope\.org)/ska-sdp-([a-z]{{1,20}})/{_NUMBER}\.{_NUMBER}"
)


def read_interface(
    document: Mapping[str, Any], schema: str
) -> tuple[Version | None, tuple[Issue, ...]]:
    """Read the ``interface`` of a document.

    Args:
        document: a message, or a map of receive addresses.
        schema: expected schema: ``assignres``, ``releaseres``, ``configure``,
            ``scan`` or ``recvaddrs``.

    Returns:
        The version to read the document as, None if it is unknown or absent, and the issues of
        the interface. A document without interface yields no version and no issue.
    """
    if "interface" not in document:
        return None, ()
    interface = document["interface"]
    match = _INTERFACE.fullmatch(interface) if isinstance(interface, str) else None
    if match is None:
        wanted = f"https://schema.skao.int/ska-sdp-{schema}/<major>.<minor>"
        return None, (_issue(f"should be {wanted}, not {format_value(interface)}"),)
    if match[1] != schema:
        return None, (_issue(f"should be of ska-sdp-{schema}, not of ska-sdp-{match[1]}"),)
    version = Version(int(match[2]), int(match[3]))
    if version in KNOWN:
        return version, ()
    same_major = [known for known in KNOWN if known.major == version.major]
    if not same_major:
        majors = ", ".join(str(major) for major in sorted({known.major for known in KNOWN}))
        return None, (_issue(f"major version {version.major} is not known, known are {majors}"),)
    newest = same_major[-1]
    fault = f"version {version} is not known, read as {newest}"
    return newest, (_issue(fault, Severity.NOTICE),)


def _issue(fault: str, severity: Severity = Severity.FATAL) -> Issue:
    return Issue(("interface",), fault, severity)
