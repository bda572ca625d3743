"""Recordings of the changes of a database: their format and their files."""
