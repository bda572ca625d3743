"""The seed's methods for script definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.values import ValueOperations

if TYPE_CHECKING:
    from ska_sdp_config.operations.values import Fields

__all__ = ["ScriptMethods"]


class ScriptMethods(Collections):
    """Script definitions as dicts, under kind, name and version."""

    def list_scripts(self, kind: str = "", name: str = "") -> list[tuple[str, str, str]]:
        """List the kinds, names and versions of scripts, sorted.

        Args:
            kind: list only this kind.
            name: list only scripts of this name.

        Raises:
            ValueError: no script can be called so.
        """
        asked = {part: text for part, text in (("kind", kind), ("name", name)) if text}
        keys = self.script.query_keys(**asked)
        return sorted((key.kind, key.name, key.version) for key in keys)

    def get_script(self, kind: str, name: str, version: str) -> dict[str, Any] | None:
        """Get a script definition, or None if it is not there.

        Raises:
            ValueError: no script can be called so, or what is stored is no JSON.
        """
        script: dict[str, Any] | None = self._script_dict(kind, name, version).get()
        return script

    def create_script(self, kind: str, name: str, version: str, script: Fields) -> None:
        """Create a script definition.

        Raises:
            ConfigCollision: it exists already.
            ValueError: no new script can be called so.
        """
        self.script.check_new(self.script.model.Key(kind=kind, name=name, version=version))
        self._script_dict(kind, name, version).create(script)

    def update_script(self, kind: str, name: str, version: str, script: Fields) -> None:
        """Replace a script definition.

        Raises:
            ConfigVanished: it is not there.
            ValueError: no script can be called so.
        """
        self._script_dict(kind, name, version).update(script)

    def delete_script(self, kind: str, name: str, version: str, recurse: bool = False) -> None:
        """Delete a script definition.

        Args:
            kind: its kind.
            name: its name.
            version: its version.
            recurse: whether everything below its path goes too.

        Raises:
            ConfigVanished: it is not there.
            ValueError: no script can be called so.
        """
        self.script.delete(f"{kind}:{name}:{version}", recurse=recurse)

    def _script_dict(self, kind: str, name: str, version: str) -> ValueOperations:
        return ValueOperations(self._context.raw, self.script(f"{kind}:{name}:{version}").path)
