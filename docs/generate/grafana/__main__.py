"""Write the dashboards."""

from __future__ import annotations

from docs.generate.grafana.files import DIRECTORIES, texts

for directory in DIRECTORIES:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (directory / name).write_text(text)
