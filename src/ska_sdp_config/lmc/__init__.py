"""The state machine of the devices, pure: no Tango, no database, no clock of its own.

A snapshot of the database and the time give a view; a snapshot and a command give what is to be
written. Everything here is a function of its arguments.
"""
