"""Fixtures of these tests."""

from tests.support.configs import config, make_config

__all__ = ["config", "make_config"]
