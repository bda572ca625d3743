"""Parser of AssignResources messages, all versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ska_sdp_config.lmc.schema.check import schema_issues
from ska_sdp_config.lmc.schema.faults import Issue, Severity, raise_or_warn
from ska_sdp_config.lmc.schema.versions import Version
from ska_sdp_lmc.messages.convert import (
    complete_execution_block,
    complete_processing_block,
    execution_block_03,
    flat_scan_type_issues,
    processing_block_03,
)
from ska_sdp_lmc.messages.internal import AssignResources, Parsed, Resources
from ska_sdp_lmc.messages.reading import open_document, transaction_id
from ska_sdp_lmc.messages.references import block_issues, dependency_issues, objects
from ska_sdp_lmc.messages.rename import channels_from_subbands, rename_02
from ska_sdp_lmc.messages.schema import flat, nested
from ska_sdp_lmc.messages.schema.nested import is_polynomial

__all__ = ["parse_assign_resources"]

_COMMAND = "AssignResources"


def parse_assign_resources(text: str, strictness: int = 1) -> Parsed[AssignResources]:
    """Parse the argument of AssignResources.

    Raises:
        MessageError: the message is invalid at this strictness.
    """
    document = open_document(_COMMAND, "assignres", text, strictness)
    version = document.version or _version_by_shape(document.value)
    value, issues = (_check_flat if version < (0, 4) else _check_nested)(document.value, version)
    warnings = raise_or_warn(_COMMAND, [*document.issues, *issues], strictness)
    return Parsed((_from_flat if version < (0, 4) else _from_nested)(value), warnings)


def _version_by_shape(value: Mapping[str, Any]) -> Version:
    """Infer the version of a message without interface from its keys."""
    if "execution_block" in value or "scan_types" not in value:
        return Version(0, 4)
    if "eb_id" in value:
        return Version(0, 3)
    named = any("scan_type_id" in scan_type for _, scan_type in objects(value["scan_types"]))
    return Version(0, 3) if named and "id" not in value else Version(0, 2)


def _check_flat(value: dict[str, Any], version: Version) -> tuple[dict[str, Any], list[Issue]]:
    """Validate a message of schema 0.1 to 0.3; return it with the keys of 0.3, and its issues."""
    old = version < (0, 3)
    scan_types, issues = channels_from_subbands(value.get("scan_types"), ("scan_types",))
    if issues:
        value = {**value, "scan_types": scan_types}
    issues += schema_issues(flat.Assign02 if old else flat.Assign03, value, lenient=flat.LENIENT)
    if old:
        value = rename_02(value)
    issues += flat_scan_type_issues(value.get("scan_types"), ("scan_types",))
    issues += dependency_issues(value.get("processing_blocks"), ("processing_blocks",))
    return value, issues


def _from_flat(value: Mapping[str, Any]) -> AssignResources:
    return AssignResources(
        transaction_id=transaction_id(value),
        execution_block=execution_block_03(value),
        processing_blocks=[processing_block_03(block) for block in value["processing_blocks"]],
    )


def _check_nested(value: dict[str, Any], version: Version) -> tuple[dict[str, Any], list[Issue]]:
    """Validate a message of schema 0.4 or later; return it unchanged, and its issues."""
    schema = nested.Assign04 if version < (1, 0) else nested.Assign10
    issues = schema_issues(schema, value, lenient=nested.LENIENT)
    issues += _part_issues(value)
    issues += _phase_dir_issues(value, version)
    issues += block_issues(value.get("execution_block"), ("execution_block",))
    issues += dependency_issues(
        value.get("processing_blocks"),
        ("processing_blocks",),
        alone="execution_block" not in value,
    )
    return value, issues


def _part_issues(value: Mapping[str, Any]) -> Iterator[Issue]:
    if "execution_block" in value:
        if "resources" not in value:
            # Valid in IDLE, where the resources of the previous execution block may be kept.
            yield Issue((), "has an execution block and names no resources", Severity.NOTICE)
    elif "resources" not in value and not value.get("processing_blocks"):
        fault = "has no execution_block, no processing_blocks and no resources"
        yield Issue((), fault, Severity.FATAL)


def _phase_dir_issues(value: Mapping[str, Any], version: Version) -> Iterator[Issue]:
    """Yield phase directions in the form of another version; accepts any JSON value."""
    block = value.get("execution_block")
    old = version < (1, 0)
    for index, field in objects(block.get("fields") if isinstance(block, dict) else None):
        if is_polynomial(field.get("phase_dir"), old) != old:
            at = ("execution_block", "fields", index, "phase_dir")
            fault = f"has the form of schema {'1.0' if old else '0.4'}, read as such"
            yield Issue(at, fault, Severity.NOTICE)


def _from_nested(value: Mapping[str, Any]) -> AssignResources:
    block, given = value.get("execution_block"), value.get("resources")
    return AssignResources(
        transaction_id=transaction_id(value),
        resources=None if given is None else Resources.read(given),
        execution_block=None if block is None else complete_execution_block(block),
        processing_blocks=[
            complete_processing_block(block) for block in value.get("processing_blocks", ())
        ],
    )
