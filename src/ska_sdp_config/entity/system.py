"""Definition of the system: one entry without an ID.

Its content is not known, so any JSON object is accepted; see docs/reference/assumptions.md.
"""

from __future__ import annotations

from ska_sdp_config.entity.base import StoredModel
from ska_sdp_config.entity.mapping import ReadsAsMapping

__all__ = ["System"]


class System(StoredModel, ReadsAsMapping):
    """Definition of the system, with any fields; also readable as a mapping."""
