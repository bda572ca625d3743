"""Other people's documents, read where they lie beside the project: they are no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["MESSAGES", "SEED", "has_messages", "has_seed"]

_SPEC = Path(__file__).parents[3] / "shared" / "spec"

MESSAGES = _SPEC / "messages"
"""Messages in use, each in a folder that says what it is: valid, quirky or invalid."""

SEED = _SPEC / "0-seed-configuration-library-0.5.0.txt"
"""The documentation of the library that users knew before this one."""

has_messages = pytest.mark.skipif(
    not MESSAGES.is_dir(), reason="the shared example messages are not beside the project"
)
has_seed = pytest.mark.skipif(
    not SEED.is_file(), reason="the seed's documentation is not beside the project"
)
