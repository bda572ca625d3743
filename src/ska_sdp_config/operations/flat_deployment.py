"""The seed's methods for deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections

if TYPE_CHECKING:
    from ska_sdp_config.entity.deployment import Deployment
    from ska_sdp_config.operations.values import Fields

__all__ = ["DeploymentMethods"]


class DeploymentMethods(Collections):
    """Deployments as models, their states as dicts."""

    def list_deployments(self, prefix: str = "") -> list[str]:
        """List the ids of deployments that begin with a prefix, sorted.

        Raises:
            ValueError: no id begins so.
        """
        return self.deployment.list_keys(prefix=prefix)

    def get_deployment(self, dpl_id: str) -> Deployment | None:
        """Get a deployment, or None if it is not there.

        Raises:
            ValueError: not an id, or what is stored is no deployment.
        """
        return self.deployment.get(dpl_id)

    def create_deployment(self, dpl: Deployment | dict[str, Any]) -> None:
        """Create a deployment, from a model or a dict.

        Raises:
            ConfigCollision: it exists already.
            ValueError: its id is not one for a new one.
        """
        self.deployment.create(dpl)

    def update_deployment(self, dpl: Deployment | dict[str, Any]) -> None:
        """Replace a deployment by a model or a dict.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.deployment.update(dpl)

    def delete_deployment(self, dpl: Deployment | str, recurse: bool = False) -> None:
        """Delete a deployment and its state.

        Args:
            dpl: the deployment, or its id.
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.deployment.delete(dpl, recurse=recurse)

    def get_deployment_state(self, dpl_id: str) -> dict[str, Any] | None:
        """Get the state of a deployment, or None if it has none.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        state: dict[str, Any] | None = self.deployment.state(dpl_id).get()
        return state

    def create_deployment_state(self, dpl_id: str, state: Fields) -> None:
        """Create the state of a deployment.

        Raises:
            ConfigCollision: it exists already.
            ValueError: not an id.
        """
        self.deployment.state(dpl_id).create(state)

    def update_deployment_state(self, dpl_id: str, state: Fields) -> None:
        """Replace the state of a deployment.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.deployment.state(dpl_id).update(state)

    def delete_deployment_state(self, dpl_id: str) -> None:
        """Delete the state of a deployment.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.deployment.state(dpl_id).delete()
