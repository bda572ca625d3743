"""Deployments, ``/deploy/<dpl_id>``."""

from __future__ import annotations

from ska_sdp_config.entity.common.ids import check_deployment_id
from ska_sdp_config.entity.deployment import Deployment
from ska_sdp_config.operations.keyed import IdCollection

__all__ = ["Deployments"]


class Deployments(IdCollection[Deployment]):
    """The deployments."""

    root = "/deploy/"
    model = Deployment

    def check_new(self, key: str) -> None:
        """Check the id of a new deployment.

        Raises:
            ValueError: it is not one.
        """
        check_deployment_id(key)
