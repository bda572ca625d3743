"""IDs of the deployments of processing blocks, and the blocks to which they belong.

The ID of a deployment is the only link to its processing block. It contains the ID of the block,
with a hyphen for each character that it cannot have, or only the beginning of that ID.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

__all__ = [
    "BlocksOfDeployments",
    "deployment_id",
    "possible_ids",
    "script_deployment_id",
    "to_id_characters",
    "truncated_id",
]

_MAX_ID_LENGTH = 96

_DIGEST_LENGTH = 12

_BEGIN = "proc-"

_KEPT_LENGTH = _MAX_ID_LENGTH - _DIGEST_LENGTH - 1 - len(_BEGIN)
"""Number of characters of the ID of a block that a truncated ID of a deployment has at most."""

_TRUNCATED = re.compile(f"{_BEGIN}(.{{{_KEPT_LENGTH}}})-[0-9a-f]{{{_DIGEST_LENGTH}}}")
"""ID of a deployment that is truncated, before or after the end of the ID of its block."""


def script_deployment_id(pb_id: str) -> str:
    """Return the ID of the deployment that runs a processing block's script."""
    return deployment_id(pb_id, "script")


def deployment_id(pb_id: str, chart: str) -> str:
    """Return the ID of a processing block's deployment of a chart.

    It is always the same for one block and chart, and valid for charts with any characters.
    """
    name = to_id_characters(f"{_BEGIN}{pb_id}-{chart}")
    if len(name) <= _MAX_ID_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: _MAX_ID_LENGTH - len(digest) - 1]}-{digest}"


def to_id_characters(text: str) -> str:
    """Return a text with a hyphen for each character that a deployment's ID cannot have."""
    return re.sub(r"[^A-Za-z0-9-]", "-", text)


def possible_ids(deployment: str) -> set[str]:
    """Return the IDs of processing blocks to which a deployment may belong, by its ID.

    These are its parts between hyphens, as a script puts the ID of its block between other words.
    After ``proc-``, the ID of the block comes at once. Each is in the characters of a deployment's
    ID: that of the block may have others, or be longer.
    """
    ends = [at for at, character in enumerate(deployment) if character == "-"]
    is_anchored = deployment.startswith(_BEGIN)
    begins = [len(_BEGIN)] if is_anchored else [0, *(at + 1 for at in ends)]
    return {
        deployment[begin:end]
        for begin in begins
        for end in (*ends, len(deployment))
        if begin < end
    }


def truncated_id(deployment: str) -> str:
    """Return the beginning of the ID of a block that a deployment's truncated ID contains.

    It is in the characters of a deployment's ID, and empty if that is not truncated.
    """
    match = _TRUNCATED.fullmatch(deployment)
    return match[1] if match else ""


class BlocksOfDeployments:
    """Processing blocks to which deployments belong.

    Args:
        pb_ids: IDs of the processing blocks.
    """

    def __init__(self, pb_ids: Iterable[str]) -> None:
        self._whole: dict[str, set[str]] = {}
        self._truncated: dict[str, set[str]] = {}
        for pb_id in pb_ids:
            name = to_id_characters(pb_id)
            self._whole.setdefault(name, set()).add(pb_id)
            if len(name) > _KEPT_LENGTH:
                self._truncated.setdefault(name[:_KEPT_LENGTH], set()).add(pb_id)

    def candidates(self, deployment: str) -> set[str]:
        """Return the IDs of all blocks to which a deployment may belong."""
        found = (self._whole.get(name, set()) for name in possible_ids(deployment))
        return self._of_truncated(deployment).union(*found)

    def blocks_of(self, deployment: str) -> set[str]:
        """Return the ID of the block to which a deployment belongs, empty if there is none.

        The longest one: the ID of a block may be the beginning of another one. There are several
        if the IDs of their deployments are alike.
        """
        found = self._of_truncated(deployment)
        if found:
            return found
        names = possible_ids(deployment) & self._whole.keys()
        return set(self._whole[max(names, key=len)]) if names else set()

    def _of_truncated(self, deployment: str) -> set[str]:
        return set(self._truncated.get(truncated_id(deployment), ()))
