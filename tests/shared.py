"""Other people's documents, read where they lie beside the project: they are no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["EARLIER_DOCUMENTATION", "MESSAGES", "has_earlier_documentation", "has_messages"]

_SPEC = Path(__file__).parents[2] / "shared" / "spec"

MESSAGES = _SPEC / "messages"
"""Messages in use, each in a folder that says what it is: valid, quirky or invalid."""

EARLIER_DOCUMENTATION = _SPEC / "0-seed-configuration-library-0.5.0.txt"
"""Documentation of the earlier release of the library and the command line."""

has_messages = pytest.mark.skipif(
    not MESSAGES.is_dir(), reason="the shared example messages are not beside the project"
)
has_earlier_documentation = pytest.mark.skipif(
    not EARLIER_DOCUMENTATION.is_file(),
    reason="the documentation of the earlier release is not beside the project",
)
