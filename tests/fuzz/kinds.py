"""Table of the kinds of input."""

from __future__ import annotations

from tests.fuzz import addresses, cli, locators, messages, stored
from tests.fuzz.kind import Kind

__all__ = ["KINDS"]

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND for module in (messages, stored, cli, addresses, locators)
}
