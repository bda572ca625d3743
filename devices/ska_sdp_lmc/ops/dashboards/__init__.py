"""Dashboards of Taranta for the devices.

``command`` has the subcommand of ``ska-sdp-lmc``.
"""
