"""The schemas of all messages in all versions, as pydantic models.

They only check: what is stored is converted from the document itself, so that keys which no
schema names, and numbers as they were written, are kept.
"""
