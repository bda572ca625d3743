"""Deployments, ``/deploy/<dpl_id>``."""

from __future__ import annotations

from ska_sdp_config.entity.common.ids import check_deployment_id
from ska_sdp_config.entity.deployment import Deployment
from ska_sdp_config.operations.keyed import IdCollection

__all__ = ["Deployments"]


class Deployments(IdCollection[Deployment]):
    """Deployments of a transaction."""

    PREFIX = "/deploy"
    KEY_PARTS = Deployment.key_patterns()
    HAS_STATE = True
    MODEL_CLASS = Deployment
    check_id = staticmethod(check_deployment_id)
