"""The Tango devices: attributes and commands, each a thin declaration."""
