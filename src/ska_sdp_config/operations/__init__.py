"""Typed access to stored values: collections of entities of a transaction."""
