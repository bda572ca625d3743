"""Data flows, ``/flow/<pb_id>:<kind>:<name>``, and dependencies on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn, cast

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.flow import Dependency, Flow
from ska_sdp_config.entity.states import DependencyStatus, FlowStatus
from ska_sdp_config.operations.entity_operations import EntityOperations, Named
from ska_sdp_config.operations.keyed import KeyCollection
from ska_sdp_config.operations.values import StateOperations
from ska_sdp_config.store.errors import ConfigVanished

__all__ = ["Dependencies", "Flows"]


class Flows(KeyCollection[Flow.Key, Flow]):
    """Data flows of a transaction.

    A key without a kind identifies the only flow of its processing block that has its name. If
    there are several, a ValueError lists them.
    """

    PREFIX = "/flow"
    KEY_PARTS = Flow.key_patterns()
    HAS_STATE = True
    MODEL_CLASS = Flow
    KEY_CLASS = Flow.Key

    def state(self, key: Named[Flow.Key, Flow]) -> StateOperations[FlowStatus]:
        """Return the operations on the state of a flow."""
        return super().state(key)

    def _name(self, key: Named[Flow.Key, Flow]) -> tuple[Flow.Key, str]:
        own_key = self._to_key(key)
        if own_key.kind is None:
            # The listing counts as read, so the transaction depends on which flows match.
            found = self.list_keys(pb_id=own_key.pb_id, name=own_key.name)
            if len(found) > 1:
                raise ValueError(
                    f"The key {own_key} without a kind matches several flows, "
                    f"{', '.join(map(str, found))}: give the kind."
                )
            if not found:
                return own_key, str(own_key)
            (own_key,) = found
        return own_key, self._checked(own_key)

    def _operations(self, key: Flow.Key, name: str) -> EntityOperations[Flow.Key, Flow]:
        operations = super()._operations(key, name)
        if key.kind is not None:
            return operations
        raw = cast(Txn, _EmptyTransaction(operations.path))
        return _AbsentFlow(self, replace(self._context, raw=raw), key, operations.path)


class _AbsentFlow(EntityOperations[Flow.Key, Flow]):
    """Operations on a flow that was given without its kind and does not exist."""

    def create(self, entity: Flow | dict[str, Any]) -> None:
        """Create the flow, of the kind of its sink."""
        self._collection.create(self._whole(entity))

    def update(self, entity: Flow | dict[str, Any]) -> None:
        """Reject the update, as the flow does not exist."""
        self._collection.update(self._whole(entity))

    def _whole(self, entity: Flow | dict[str, Any]) -> Flow:
        flow = entity if isinstance(entity, Flow) else Flow(**self._named(entity))
        if (flow.key.pb_id, flow.key.name) != (self.key.pb_id, self.key.name):
            raise ValueError(f"Cannot write the flow {flow.key} as {self.key}: keys differ.")
        return flow


class _EmptyTransaction:
    """Empty transaction for a flow without a path: reads find nothing, writes are rejected."""

    def __init__(self, path: str) -> None:
        self._path = path

    def get(self, path: str) -> None:
        """Return None."""

    def create(self, path: str, value: str, lease: object = None) -> NoReturn:
        """Reject the write."""
        raise self._vanished("create")

    def update(self, path: str, value: str) -> NoReturn:
        """Reject the write."""
        raise self._vanished("update")

    def delete(self, path: str, must_exist: bool = True, recursive: bool = False) -> None:
        """Reject the deletion if ``must_exist`` is set."""
        if must_exist:
            raise self._vanished("delete")

    def _vanished(self, verb: str) -> ConfigVanished:
        return ConfigVanished(
            self._path,
            f"Cannot {verb} {self._path}, as no flow matches: create the flow, or give the kind.",
        )


class Dependencies(KeyCollection[Dependency.Key, Dependency]):
    """Dependencies of a transaction, ``/dependency/<pb_id>:<kind>:<name>:<origin>``."""

    PREFIX = "/dependency"
    KEY_PARTS = Dependency.key_patterns()
    HAS_STATE = True
    MODEL_CLASS = Dependency
    KEY_CLASS = Dependency.Key

    def state(self, key: Named[Dependency.Key, Dependency]) -> StateOperations[DependencyStatus]:
        """Return the operations on the state of a dependency."""
        return super().state(key)
