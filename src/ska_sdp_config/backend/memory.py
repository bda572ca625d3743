"""Documented import path of the backend ``memory``."""

from ska_sdp_config.backends import MemoryBackend

__all__ = ["MemoryBackend"]
