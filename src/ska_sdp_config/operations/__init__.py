"""Typed access to what is stored: collections of entities on a transaction (spec 2.5)."""
