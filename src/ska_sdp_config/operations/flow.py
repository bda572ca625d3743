"""Data flows, ``/flow/<pb_id>:<kind>:<name>``, and the claims on them."""

from __future__ import annotations

from ..entity.flow import Dependency, Flow
from .keyed import KeyCollection

__all__ = ["Dependencies", "Flows"]


class Flows(KeyCollection[Flow.Key, Flow]):
    """The data flows."""

    root = "/flow/"
    model = Flow
    key_model = Flow.Key


class Dependencies(KeyCollection[Dependency.Key, Dependency]):
    """The claims, ``/dependency/<pb_id>:<kind>:<name>:<origin>``."""

    root = "/dependency/"
    model = Dependency
    key_model = Dependency.Key
