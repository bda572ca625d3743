"""The health of a server process over HTTP: is it alive, is it ready, what has it counted.

A device counts what it does in ``metrics``, and is known to ``process``, which says what is wrong.
``scrape`` reads what others have counted, ``endpoint`` answers. ``families`` is the list of all
metrics. Nothing here talks to Tango: it must answer while Tango does not.
"""
