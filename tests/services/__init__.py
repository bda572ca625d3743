"""Fixtures that start the servers of the tests: real processes, by the code of the stack."""
