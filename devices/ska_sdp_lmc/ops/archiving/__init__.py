"""Configuration of a site's archiver and alarm handler for the devices.

``command`` has the subcommands of ``ska-sdp-lmc``.
"""
