"""Methods of a transaction for script definitions, as in release 0.5.0 of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.values import ValueOperations

if TYPE_CHECKING:
    from ska_sdp_config.operations.values import Fields

__all__ = ["ScriptMethods"]


class ScriptMethods(Collections):
    """Script definitions as dicts, identified by kind, name and version.

    The errors are those of ``script``: ConfigCollision if a created value exists,
    ConfigVanished if a replaced or deleted one does not exist, ValueError if an id or a stored
    value is invalid.
    """

    def list_scripts(self, kind: str = "", name: str = "") -> list[tuple[str, str, str]]:
        """Return the kinds, names and versions of scripts, sorted.

        Args:
            kind: list only scripts of this kind.
            name: list only scripts of this name.
        """
        parts = {part: text for part, text in (("kind", kind), ("name", name)) if text}
        keys = self.script.query_keys(**parts)
        return sorted((key.kind, key.name, key.version) for key in keys)

    def get_script(self, kind: str, name: str, version: str) -> dict[str, Any] | None:
        """Return a script definition, or None if it does not exist."""
        script: dict[str, Any] | None = self._script_dict(kind, name, version).get()
        return script

    def create_script(self, kind: str, name: str, version: str, script: Fields) -> None:
        """Create a script definition."""
        self.script.check_new(self.script.MODEL_CLASS.Key(kind=kind, name=name, version=version))
        self._script_dict(kind, name, version).create(script)

    def update_script(self, kind: str, name: str, version: str, script: Fields) -> None:
        """Replace a script definition."""
        self._script_dict(kind, name, version).update(script)

    def delete_script(self, kind: str, name: str, version: str, recurse: bool = False) -> None:
        """Delete a script definition, its state and owner; with ``recurse`` all paths below."""
        self.script.delete(f"{kind}:{name}:{version}", recurse=recurse)

    def _script_dict(self, kind: str, name: str, version: str) -> ValueOperations:
        return ValueOperations(self._context.raw, self.script(f"{kind}:{name}:{version}").path)
