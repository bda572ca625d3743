"""Validation of JSON documents against models, with a list of every issue found."""
