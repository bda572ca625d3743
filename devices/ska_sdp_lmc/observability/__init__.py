"""Health, metrics and logging of a server process.

Devices update counters in ``metrics`` and register in ``process``, which derives liveness and
readiness. ``scrape`` collects the other metrics on request, ``endpoint`` serves all of it over
HTTP, ``families`` defines the metrics. Nothing here calls Tango, as it must respond while Tango
is blocked.
"""
