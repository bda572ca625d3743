"""Rules for ids."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

__all__ = [
    "BLOCK_ID",
    "DEPLOYMENT_ID",
    "PATH_PART",
    "ExecutionBlockId",
    "ProcessingBlockId",
    "check_block_id",
    "check_deployment_id",
    "check_path_part",
]

BLOCK_ID = "[A-Za-z0-9][A-Za-z0-9-]{0,95}"
"""Regular expression of the id of a new block."""

DEPLOYMENT_ID = "[A-Za-z0-9-]{1,96}"
"""Regular expression of the id of a new deployment."""

PATH_PART = "[A-Za-z0-9_.:-]{1,128}"
"""Regular expression of the id of an existing entity."""

_BLOCK_ID = re.compile(BLOCK_ID)
_DEPLOYMENT_ID = re.compile(DEPLOYMENT_ID)
_PATH_PART = re.compile(PATH_PART)


def check_block_id(text: str) -> str:
    """Validate and return the id of a new execution or processing block.

    Raises:
        ValueError: the id is invalid.
    """
    if not _BLOCK_ID.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be the id of a block: "
            "use 1 to 96 of A-Z, a-z, 0-9 and '-', not '-' first."
        )
    return text


def check_deployment_id(text: str) -> str:
    """Validate and return the id of a new deployment.

    Raises:
        ValueError: the id is invalid.
    """
    if not _DEPLOYMENT_ID.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be the id of a deployment: use 1 to 96 of A-Z, a-z, 0-9 and '-'."
        )
    return text


def check_path_part(text: str) -> str:
    """Validate that an id is one part of a path, so it cannot address another path; return it.

    The id is that of an existing entity, which another program may have created.

    Raises:
        ValueError: the id is invalid.
    """
    if not isinstance(text, str) or not _PATH_PART.fullmatch(text):
        raise ValueError(f"{text!r} is no id: use 1 to 128 of A-Z, a-z, 0-9 and '_.:-'.")
    return text


ProcessingBlockId = Annotated[str, AfterValidator(check_block_id)]
"""Id of a new processing block."""

ExecutionBlockId = Annotated[str, AfterValidator(check_block_id)]
"""Id of a new execution block."""
