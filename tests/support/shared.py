"""Documents that are shared beside the project and are not part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

_SPEC = Path(__file__).parents[3] / "shared" / "spec"

MESSAGES = _SPEC / "messages"
"""Example messages, in folders ``valid``, ``quirky`` and ``invalid``."""

EARLIER_DOCUMENTATION = _SPEC / "0-seed-configuration-library-0.5.0.txt"
"""Documentation of the earlier release of the library and the command line."""

has_messages = pytest.mark.skipif(
    not MESSAGES.is_dir(), reason="the shared example messages are not beside the project"
)
has_earlier_documentation = pytest.mark.skipif(
    not EARLIER_DOCUMENTATION.is_file(),
    reason="the documentation of the earlier release is not beside the project",
)
