"""The devices of this software in a Tango database: data, and the program that registers them.

``register`` needs PyTango; ``data`` does not.
"""
