"""Implementations of the store interface."""
