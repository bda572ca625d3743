"""Checks with JSON Schemas.

The import of ``jsonschema`` takes 4 s of processor time if the grammar of IRIs is installed, which
the check of the SBOM requires. So only tests that use it import it, not each worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def draft_7(schema: Mapping[str, Any]) -> Validator:
    """Return the validator of a schema of draft 7."""
    from jsonschema import Draft7Validator

    return Draft7Validator(schema)


def draft_2020_12(schema: Mapping[str, Any]) -> Validator:
    """Return the validator of a schema of draft 2020-12, after a check of the schema itself."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_kubernetes_object(manifest: Mapping[str, Any], version: str = "1.31") -> None:
    """Check an object with the schema of a version of Kubernetes, which has no further fields."""
    _kubernetes().validate(manifest, version, strict=True)


@cache
def _kubernetes() -> Any:
    """Return the module with Kubernetes' schemas, which reads each large schema only once."""
    from kubernetes_validate import utils

    utils.schema_contents = cache(utils.schema_contents)
    return utils
