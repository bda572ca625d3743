"""Valid files that the command line reads, as examples to change."""

from __future__ import annotations

__all__ = ["FILES"]

DEFINITIONS = """
scripts:
- {kind: batch, name: a, version: '1', image: i, parameters: {a: 1}}
repositories: [{name: here, path: r.example.org}]
"""

VERSIONS = """
workflows:
- {type: batch, id: a, repository: here, image: i, versions: ['1', '1.10']}
repositories: [{name: here, path: r.example.org/}]
"""

DUMP = """
{"values": {"/eb/eb-b": {"status": "ACTIVE"}, "/x": [1]}, "texts": {"/y": "1e999"}}
"""

QUOTED = """
{"values": {}, "texts": {}, "quoted": {"/%ff": "%FE"}}
"""

SYSTEM = """
version: 1.0.0
components: {a: &x {b: [1, 0x10, 1e3, ~]}, c: *x}
dependencies: {<<: *x}
"""

RECORDING = r"""{"format":1,"revision":8,"time":"2026-01-31T12:00:00Z","keys":1}
{"revision":8,"time":"2026-01-31T12:00:00Z","snapshot":{"/lmc/subarray/01":"{}"}}
{"revision":9,"time":"2026-01-31T12:00:01Z","changes":{"/lmc/subarray/01":"{\"eb_id\":1}"}}
{"gap":9,"revision":12,"time":"2026-01-31T12:00:02Z","keys":0}
{"revision":13,"time":"2026-01-31T12:00:03Z","changes":{"/eb/eb-b":null,"/x":"1"}}
"""

FILES = (DEFINITIONS, VERSIONS, DUMP, QUOTED, SYSTEM, RECORDING)
