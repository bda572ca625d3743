"""Grafana dashboards of the servers and of etcd.

``python -m docs.generate.grafana`` writes them to ``dashboards/grafana`` and to the files of the
Helm chart, which can read only files below its own directory.
"""
