"""Schemas of all messages in all versions, as pydantic models.

The models only validate. The stored form is converted from the document itself, to keep unknown
keys and the notation of numbers.
"""
