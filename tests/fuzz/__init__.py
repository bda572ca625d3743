"""Fuzzing: random inputs of each kind, guided by the lines of the product that they reach."""
