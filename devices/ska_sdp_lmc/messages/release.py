"""Parser of ReleaseResources messages, which have one form in all versions."""

from __future__ import annotations

from ska_sdp_config.lmc.schema.check import schema_issues
from ska_sdp_config.lmc.schema.faults import Issue, Severity, raise_or_warn
from ska_sdp_lmc.messages.internal import Parsed, ReleaseResources, Resources
from ska_sdp_lmc.messages.reading import open_document, transaction_id
from ska_sdp_lmc.messages.schema.nested import Release

__all__ = ["parse_release_resources"]

_COMMAND = "ReleaseResources"


def parse_release_resources(text: str, strictness: int = 1) -> Parsed[ReleaseResources]:
    """Parse the argument of ReleaseResources.

    Raises:
        MessageError: the message is invalid at this strictness, or names nothing to release.
    """
    document = open_document(_COMMAND, "releaseres", text, strictness)
    value = document.value
    issues = schema_issues(Release, value)
    given = value.get("resources")
    if isinstance(given, dict):
        names = ("csp_links", "receptors", "receive_nodes")
        if all(given.get(name, []) == [] for name in names):
            issues.append(Issue(("resources",), "names nothing to release", Severity.FATAL))
    warnings = raise_or_warn(_COMMAND, [*document.issues, *issues], strictness)
    message = ReleaseResources(Resources.read(value["resources"]), transaction_id(value))
    return Parsed(message, warnings)
