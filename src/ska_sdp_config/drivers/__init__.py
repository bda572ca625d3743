"""Databases that implement the store interface."""
