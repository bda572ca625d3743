"""Transactions, watchers, leases and the cache beneath them, on any store."""
