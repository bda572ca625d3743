"""Measurement of recovery times: ``python -m tests.faults.recovery``.

Not in ``benchmarks``, which imports nothing from the tests: this needs their clusters and proxies.
"""
