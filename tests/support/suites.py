"""Test suites of users of the pytest plugins, run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_tests(directory: Path, conftest: str, tests: str) -> subprocess.CompletedProcess[str]:
    """Run a file of tests, and return the result with the output of pytest."""
    (directory / "conftest.py").write_text(conftest)
    (directory / "test_program.py").write_text(tests)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(directory)],
        cwd=directory,
        # The plugins of these tests' own requirements take longer to import than the suite runs.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
