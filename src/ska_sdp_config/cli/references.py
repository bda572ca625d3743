"""IDs by which stored entries refer to others, as any program may have stored them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ska_sdp_config.cli.advice import needs_force, way_to_edit
from ska_sdp_config.cli.output import Entry
from ska_sdp_config.live import values
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.store.errors import quoted

__all__ = ["References", "fields_of"]


class References:
    """Reader of references, which leaves out the invalid ones.

    Args:
        prefix: the global prefix.

    Attributes:
        faults: a clause for each invalid reference, with the command that corrects it.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.faults: list[str] = []

    def ids(self, entry: Entry, field: str, found: Iterable[Any]) -> list[str]:
        """Return the valid IDs among those in a field of an entry, each once."""
        valid: dict[str, None] = {}
        for each in found:
            if is_id(each):
                valid[each] = None
            else:
                self._add_fault(entry, field, values.to_text(each))
        return [*valid]

    def link(self, entry: Entry, field: str, root: str) -> str | None:
        """Return the path that a field of an entry gives, None if there is none.

        Args:
            entry: the entry.
            field: name of the field.
            root: directory of the object to which it links.
        """
        link = fields_of(entry).get(field)
        if link is None:
            return None
        if isinstance(link, str) and link.startswith(root) and is_id(link.removeprefix(root)):
            return link
        self._add_fault(entry, field, values.to_text(link))
        return None

    def _add_fault(self, entry: Entry, field: str, text: str) -> None:
        force = needs_force(entry.path, entry.text, self._prefix)
        fault = (
            f"{entry.path} has the invalid reference {quoted(text)} in {field}: correct it with "
            f"'{way_to_edit(entry.path, self._prefix, force=force)}'"
        )
        if fault not in self.faults:
            self.faults.append(fault)


def fields_of(entry: Entry) -> dict[str, Any]:
    """Return the value of an entry, without fields if it is not a mapping."""
    value = values.read(entry.text)
    return value if isinstance(value, dict) else {}
