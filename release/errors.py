"""Error of the build of a release."""

from __future__ import annotations

__all__ = ["ReleaseError"]


class ReleaseError(Exception):
    """A release cannot be built: what is wrong, where, and what to do."""
