"""``ska-sdp top``: live view of the system on the full screen."""
