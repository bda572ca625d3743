"""The Helm chart: its rendered objects, and real programs that run with them."""
