"""Documents that are shared beside the project and are not part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["MESSAGES", "SEED", "has_messages", "has_seed"]

_SPEC = Path(__file__).parents[3] / "shared" / "spec"

MESSAGES = _SPEC / "messages"
"""Example messages, in folders ``valid``, ``quirky`` and ``invalid``."""

SEED = _SPEC / "0-seed-configuration-library-0.5.0.txt"
"""Documentation of the library that preceded this one."""

has_messages = pytest.mark.skipif(
    not MESSAGES.is_dir(), reason="the shared example messages are not beside the project"
)
has_seed = pytest.mark.skipif(
    not SEED.is_file(),
    reason="the documentation of the preceding library is not beside the project",
)
