"""Parser of Configure messages, all versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ska_sdp_config.lmc.schema.check import Lenient, schema_issues
from ska_sdp_config.lmc.schema.faults import Issue, Location, Severity, raise_or_warn
from ska_sdp_config.lmc.schema.types import Schema
from ska_sdp_config.lmc.schema.versions import Version
from ska_sdp_lmc.messages.convert import VIS0, ConvertedScanTypes, flat_scan_type_issues
from ska_sdp_lmc.messages.internal import Configure, Json, Parsed
from ska_sdp_lmc.messages.reading import open_document, transaction_id
from ska_sdp_lmc.messages.references import cycle_issues, new_scan_type_issues, objects
from ska_sdp_lmc.messages.rename import channels_from_subbands, rename_scan_type_02
from ska_sdp_lmc.messages.schema import commands, flat, nested

__all__ = ["check_references", "parse_configure"]

_COMMAND = "Configure"


class _Form(NamedTuple):
    schema: type[Schema]
    lenient: Lenient


class _New(NamedTuple):
    form: _Form
    scan_type: Mapping[str, Any]


_FLAT_02 = _Form(flat.ScanType02, flat.SCAN_TYPE_LENIENT)
_FLAT_03 = _Form(flat.ScanType03, flat.SCAN_TYPE_LENIENT)
_NESTED = _Form(nested.ScanType04, nested.SCAN_TYPE_LENIENT)

_NESTED_KEYS = {"beams", "derive_from"}
"""Keys of the nested form that the flat form lacks."""
_FLAT_KEYS = {"id", "coordinate_system", "reference_frame", "ra", "dec", "subbands"}
"""Keys of the flat form, except ``channels``, that the nested form lacks."""


def parse_configure(text: str, strictness: int = 1) -> Parsed[Configure]:
    """Parse the argument of Configure.

    Raises:
        MessageError: the message is invalid at this strictness.
    """
    document = open_document(_COMMAND, "configure", text, strictness)
    value = document.value
    issues = schema_issues(commands.Configure, value)
    scan_type = value.get("scan_type")
    if isinstance(scan_type, str) and scan_type.startswith("."):
        issues.append(Issue(("scan_type",), "is a template of scan types", Severity.QUIRK))
    new, new_issues = _check_new(value.get("new_scan_types", []), document.version)
    warnings = raise_or_warn(_COMMAND, [*document.issues, *issues, *new_issues], strictness)
    return Parsed(_message(value, new), warnings)


def check_references(message: Configure, block: Json, strictness: int = 1) -> tuple[str, ...]:
    """Check the references of new scan types against an execution block.

    The block includes the new scan types and definitions.

    Returns:
        Warnings about dangling references, which are common in practice.

    Raises:
        MessageError: a reference is dangling and the strictness is 2.
    """
    issues = new_scan_type_issues(message.new_scan_types, block, ("new_scan_types",))
    return raise_or_warn(_COMMAND, issues, strictness)


def _check_new(given: Any, version: Version | None) -> tuple[list[_New], list[Issue]]:
    """Validate new scan types; return them with the keys of schema 0.3, and their issues."""
    at = ("new_scan_types",)
    scan_types, issues = channels_from_subbands(given, at)
    new = []
    renamed = list(scan_types) if isinstance(scan_types, list) else []
    for index, scan_type in objects(scan_types):
        form = _form(scan_type, version)
        issues += _form_issues(form, scan_type, (*at, index))
        if form is _FLAT_02:
            renamed[index] = rename_scan_type_02(scan_type)
        new.append(_New(form, renamed[index]))
    issues += flat_scan_type_issues(renamed, at)
    issues += cycle_issues(given, at)
    return new, issues


def _form(scan_type: Mapping[str, Any], version: Version | None) -> _Form:
    """Determine the form of a new scan type; from schema 0.4 on, any form is valid.

    Keys other than ``channels`` count too, so that the error for a flat scan type without
    ``channels`` names that field and not one of the nested form.
    """
    if version is not None and version < (0, 4):
        return _FLAT_02 if version < (0, 3) else _FLAT_03
    given = scan_type.keys()
    if "beams" in given:
        return _NESTED
    if "channels" not in given and ("derive_from" in given or not _FLAT_KEYS & given):
        return _NESTED
    return _FLAT_02 if "id" in scan_type and "scan_type_id" not in scan_type else _FLAT_03


def _form_issues(form: _Form, scan_type: Mapping[str, Any], at: Location) -> list[Issue]:
    """Validate a new scan type against the schema of its form."""
    issues = schema_issues(form.schema, scan_type, at=at, lenient=form.lenient)
    if form is _NESTED and not _NESTED_KEYS & scan_type.keys():
        # The intended form is ambiguous, so the fault names both.
        issues = [issue for issue in issues if issue.at != (*at, "beams")]
        fault = "should have beams, or channels in the flat form"
        issues.append(Issue(at, fault, Severity.STRUCTURE))
    return issues


def _message(value: Mapping[str, Any], new: Sequence[_New]) -> Configure:
    flat_ones = ConvertedScanTypes(scan_type for form, scan_type in new if form is not _NESTED)
    converted = iter(flat_ones.scan_types)
    return Configure(
        scan_type=value["scan_type"],
        new_scan_types=[
            scan_type if form is _NESTED else next(converted) for form, scan_type in new
        ],
        new_channels=flat_ones.channels,
        new_fields=flat_ones.fields,
        new_beams=[VIS0] if flat_ones.scan_types else [],
        transaction_id=transaction_id(value),
    )
