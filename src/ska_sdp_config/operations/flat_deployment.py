"""Methods of a transaction for deployments, as in release 0.5.0 of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections

if TYPE_CHECKING:
    from ska_sdp_config.entity.deployment import Deployment
    from ska_sdp_config.operations.values import Fields

__all__ = ["DeploymentMethods"]


class DeploymentMethods(Collections):
    """Deployments as models, their states as dicts.

    The errors are those of ``deployment``: ConfigCollision if a created value exists,
    ConfigVanished if a replaced or deleted one does not exist, ValueError if an id or a stored
    value is invalid.
    """

    def list_deployments(self, prefix: str = "") -> list[str]:
        """Return the ids that start with a prefix, sorted."""
        return self.deployment.list_keys(prefix=prefix)

    def get_deployment(self, dpl_id: str) -> Deployment | None:
        """Return a deployment, or None if it does not exist."""
        return self.deployment.get(dpl_id)

    def create_deployment(self, dpl: Deployment | dict[str, Any]) -> None:
        """Create a deployment from a model or a dict."""
        self.deployment.create(dpl)

    def update_deployment(self, dpl: Deployment | dict[str, Any]) -> None:
        """Replace a deployment by a model or a dict."""
        self.deployment.update(dpl)

    def delete_deployment(self, dpl: Deployment | str, recurse: bool = False) -> None:
        """Delete a deployment, its state and owner; with ``recurse`` all paths below."""
        self.deployment.delete(dpl, recurse=recurse)

    def get_deployment_state(self, dpl_id: str) -> dict[str, Any] | None:
        """Return the state of a deployment, or None if it does not exist."""
        state: dict[str, Any] | None = self.deployment.state(dpl_id).get()
        return state

    def create_deployment_state(self, dpl_id: str, state: Fields) -> None:
        """Create the state of a deployment."""
        self.deployment.state(dpl_id).create(state)

    def update_deployment_state(self, dpl_id: str, state: Fields) -> None:
        """Replace the state of a deployment."""
        self.deployment.state(dpl_id).update(state)

    def delete_deployment_state(self, dpl_id: str) -> None:
        """Delete the state of a deployment."""
        self.deployment.state(dpl_id).delete()
