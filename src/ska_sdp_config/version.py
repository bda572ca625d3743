"""The version of the distribution."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("ska-sdp-lmc")
