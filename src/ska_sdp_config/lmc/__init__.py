"""Pure model of the devices: no Tango, no database access, no clock.

A snapshot of the database and the time give a view; a snapshot and a command give writes.
Every time has a time zone.
"""
