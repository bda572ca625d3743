"""The Helm chart: what it renders, and that real programs take it."""
