"""Proofs: the library against reference models, and histories of real concurrency checked."""
