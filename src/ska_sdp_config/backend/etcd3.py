"""Documented import path of the backend ``etcd3``."""

from ska_sdp_config.backends import Etcd3Backend

__all__ = ["Etcd3Backend"]
