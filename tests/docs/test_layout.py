"""Directories of the tests, and the imports between them."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.page import ROOT

_TESTS = ROOT / "tests"
_LIBRARY = ["backend", "cli", "connection", "entity", "library", "operations", "proof", "store"]
_MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in _TESTS.rglob("*.py")
}


@cache
def imports(module: str) -> frozenset[str]:
    """Return the modules that a module of the tests imports, and the names it takes from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(_MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *filter(None, [node.module])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(found)


def test_imports_are_found() -> None:
    assert {"tests.docs.page", "tests.docs.page.ROOT", "ast"} <= imports(__name__)
    assert "tests.cli.conftest" in imports("tests.cli.test_watch")


def test_test_modules_are_not_imported() -> None:
    tests = {name for name in _MODULES if name.rpartition(".")[2].startswith("test_")}
    assert {module: both for module in _MODULES if (both := imports(module) & tests)} == {}


@pytest.mark.parametrize("directory", [*_LIBRARY, "support"])
def test_library_tests_do_not_import_devices(directory: str) -> None:
    reached = {name for name in _MODULES if name.startswith(f"tests.{directory}.")}
    assert reached
    ahead = set(reached)
    while ahead:
        ahead = {name for module in ahead for name in imports(module) if name in _MODULES}
        ahead -= reached
        reached |= ahead
    importing = {
        module
        for module in reached
        if any(name.split(".")[0] == "ska_sdp_lmc" for name in imports(module))
    }
    assert importing == set()


def test_table_of_tests_has_each_directory() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Tests\n")[2]
    named = set(re.findall(r"`tests/([a-z0-9_]+)`", table.partition("\n## ")[0]))
    directories = {each.name for each in _TESTS.iterdir() if each.is_dir()}
    assert named == directories - {"__pycache__"}
