"""Documents of others, which lie beside the project and are no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["MESSAGES", "RELEASE_050", "has_messages", "has_release_050"]

_SHARED = Path(__file__).parents[2] / "shared" / "spec"

MESSAGES = _SHARED / "messages"
"""Messages in use, in one folder each for valid, quirky and invalid ones."""

RELEASE_050 = _SHARED / "0-seed-configuration-library-0.5.0.txt"
"""Documentation of release 0.5.0 of the configuration library."""

has_messages = pytest.mark.skipif(
    not MESSAGES.is_dir(), reason="the shared example messages are not beside the project"
)
has_release_050 = pytest.mark.skipif(
    not RELEASE_050.is_file(),
    reason="the documentation of release 0.5.0 is not beside the project",
)
