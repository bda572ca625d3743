"""Demo: an observation through Tango, with a log of all events."""
