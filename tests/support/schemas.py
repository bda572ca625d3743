"""Checks with JSON Schemas.

The import of ``jsonschema`` takes seconds of processor time if the grammar of IRIs is installed,
which only the check of the SBOM requires. So it is imported here, without that grammar, and not by
each worker.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_GRAMMAR = "rfc3987_syntax"


def draft_7(schema: Mapping[str, Any]) -> Validator:
    """Return the validator of a schema of draft 7."""
    validator: Validator = _jsonschema().Draft7Validator(schema)
    return validator


def draft_2020_12(schema: Mapping[str, Any]) -> Validator:
    """Return the validator of a schema of draft 2020-12, after a check of the schema itself."""
    _jsonschema().Draft202012Validator.check_schema(schema)
    validator: Validator = _jsonschema().Draft202012Validator(schema)
    return validator


def check_kubernetes_object(manifest: Mapping[str, Any], version: str = "1.31") -> None:
    """Check an object with the schema of a version of Kubernetes, which has no further fields."""
    _kubernetes().validate(manifest, version, strict=True)


@cache
def _jsonschema() -> ModuleType:
    """Import ``jsonschema`` without the grammar of IRIs."""
    # An entry of None makes its import fail, as if it was not installed.
    sys.modules.setdefault(_GRAMMAR, None)  # type: ignore[arg-type]
    try:
        import jsonschema
    finally:
        if sys.modules[_GRAMMAR] is None:
            del sys.modules[_GRAMMAR]
    return jsonschema


@cache
def _kubernetes() -> Any:
    """Return the module with Kubernetes' schemas, which reads each large schema only once."""
    _jsonschema()
    from kubernetes_validate import utils

    utils.schema_contents = cache(utils.schema_contents)
    return utils
