"""Measurement of recovery times: ``python -m tests.faults.recovery``.

It is none of the benchmarks: these compare work with a lower bound of the same run, which a
recovery has not, and import nothing from the tests, as this does for clusters and proxies.
"""
