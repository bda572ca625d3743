"""Registration of the devices in a Tango database.

``register`` requires PyTango; ``data`` does not.
"""
