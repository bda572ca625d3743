"""Invalid values are rejected by the chart's schema, with the name of the field."""

from __future__ import annotations

import re
from typing import Any

import helm_python
import pytest
import yaml
from docs.generate.chart import CHART

from tests.chart.rendering import Renderer, container_of

BAD = [
    ("lmc: {nsubarray: 0}", "/lmc/nsubarray"),
    ("lmc: {nsubarray: 100}", "/lmc/nsubarray"),
    ("lmc: {nsubarray: 1.5}", "/lmc/nsubarray"),
    ("lmc: {nsubarray: '3'}", "/lmc/nsubarray"),
    ("lmc: {nsubarrays: 3}", "'nsubarrays'"),
    ("lmc: {prefix: low/mid}", "/lmc/prefix"),
    ("lmc: {prefix: ''}", "/lmc/prefix"),
    ("lmc: {subarray: {timeoutConfigure: -1}}", "/lmc/subarray/timeoutConfigure"),
    ("lmc: {subarray: {timeoutAssignResources: 60s}}", "/lmc/subarray/timeoutAssignResources"),
    ("lmc: {subarray: {properties: {TimeoutConfigure: ['5']}}}", "'TimeoutConfigure'"),
    ("lmc: {subarray: {properties: {ReceiveScript: [a]}}}", "'ReceiveScript'"),
    ("lmc: {controller: {properties: {Components: a}}}", "/lmc/controller/properties/Components"),
    (
        "lmc: {subarray: {attributeProperties: {scanID: {label: a}}}}",
        "/lmc/subarray/attributeProperties/scanID/label",
    ),
    ("lmc: {loadBalancer: 'yes'}", "/lmc/loadBalancer"),
    ("lmc: {image: ''}", "/lmc/image"),
    ("lmc: {version: latest}", "/lmc/version"),
    ("lmc: {version: 1.0}", "/lmc/version"),
    ("lmc: {imagePullPolicy: Sometimes}", "/lmc/imagePullPolicy"),
    ("lmc: {operatorApiVersion: '2'}", "/lmc/operatorApiVersion"),
    ("lmc: {databasePrefix: mid}", "/lmc/databasePrefix"),
    # It is part of the keys of a Secret.
    ("lmc: {databasePrefix: '/sdp:mid'}", "/lmc/databasePrefix"),
    ("lmc: {logLevel: LOUD}", "/lmc/logLevel"),
    ("lmc: {logFormat: xml}", "/lmc/logFormat"),
    ("lmc: {runAsUser: 0}", "/lmc/runAsUser"),
    ("global: {tango_host: databaseds}", "/global/tango_host"),
    ("global: {operator: v2}", "/global/operator"),
    ("etcd: {replicas: 2}", "/etcd/replicas"),
    ("etcd: {clusterState: old}", "/etcd/clusterState"),
    ("etcd: {maxTxnOps: 0}", "/etcd/maxTxnOps"),
    ("etcd: {version: latest}", "/etcd/version"),
    ("etcd: {host: 'http://etcd:2379'}", "/etcd/host"),
    ("etcd: {persistence: {size: 0}}", "/etcd/persistence/size"),
    ("etcd: {compaction: {mode: never}}", "/etcd/compaction/mode"),
    ("etcd: {compaction: {mode: revision}}", "/etcd/compaction/retention"),
    ("etcd: {compaction: {retention: '10'}}", "/etcd/compaction/retention"),
    ("etcd: {defragmentation: {schedule: nightly}}", "/etcd/defragmentation/schedule"),
    ("etcd: {tls: {enabled: true}}", "/etcd/tls/secret"),
    ("etcd: {tls: {enabled: true, clientSecret: c}}", "/etcd/tls/secret"),
    ("etcd: {auth: {enabled: true, password: secret}}", "'password'"),
    ("etcd: {host: etcd, auth: {enabled: true}}", "/etcd/auth/existingSecret"),
    ("tangodb: {password: secret}", "'password'"),
    ("tangodb: {mariadb: {version: latest}}", "/tangodb/mariadb/version"),
    ("networkPolicy: {etcdClients: [all]}", "/networkPolicy/etcdClients/0"),
    ("monitoring: {labels: {release: 1}}", "/monitoring/labels/release"),
    ("monitoring: {podMonitors: {interval: 1m}}", "/monitoring/podMonitors/interval"),
    (
        "monitoring: {podMonitors: {relabelings: [{target_label: a}]}}",
        "'target_label'",
    ),
    ("monitoring: {podMonitors: {relabelings: {}}}", "/monitoring/podMonitors/relabelings"),
    ("monitoring: {dashboards: {label: 'a b'}}", "/monitoring/dashboards/label"),
    ("monitoring: {dashboards: {labelValue: 1}}", "/monitoring/dashboards/labelValue"),
    ("monitoring: {dashboards: {namespace: Grafana}}", "/monitoring/dashboards/namespace"),
    (
        "monitoring: {dashboards: {folderAnnotation: ''}}",
        "/monitoring/dashboards/folderAnnotation",
    ),
    ("monitoring: {alarms: {enabled: 'yes'}}", "/monitoring/alarms/enabled"),
    ("monitoring: {alarms: {serversJob: 'a\"b'}}", "/monitoring/alarms/serversJob"),
    ("backup: {keep: 0}", "/backup/keep"),
    ("backup: {schedule: nightly}", "/backup/schedule"),
    ("backup: {existingClaim: Backups}", "/backup/existingClaim"),
    ("backup: {persistence: {size: 0}}", "/backup/persistence/size"),
    ("simulator: true", "/simulator"),
    ("web: {enabled: 'yes'}", "/web/enabled"),
    ("web: {token: secret}", "'token'"),
    ("web: {login: {existingSecret: Token}}", "/web/login/existingSecret"),
    ("web: {ingress: {enabled: true}}", "/web/ingress/host"),
    ("web: {ingress: {host: 'https://sdp'}}", "/web/ingress/host"),
    ("web: {ingress: {host: '*.example.org'}}", "/web/ingress/host"),
    ("web: {ingress: {annotations: {a: 1}}}", "/web/ingress/annotations/a"),
    ("web: {ingress: {tls: true}}", "/web/ingress/tls"),
    ("web: {allowedHosts: ['sdp:8080']}", "/web/allowedHosts/0"),
    ("web: {allowedHosts: ['']}", "/web/allowedHosts/0"),
    ("web: {allowedHosts: ['.']}", "/web/allowedHosts/0"),
    ("web: {ingress: {host: '.example.org'}}", "/web/ingress/host"),
    ("web: {frameAncestors: ['*']}", "/web/frameAncestors/0"),
    ("web: {frameAncestors: ['https://a b']}", "/web/frameAncestors/0"),
    ("networkPolicy: {webClients: [all]}", "/networkPolicy/webClients/0"),
    ("networkPolicy: {webDestinations: [{}]}", "/networkPolicy/webDestinations/0"),
    ("enabled: 'yes'", "/enabled"),
    ("nameOverride: SDP", "/nameOverride"),
    ("env: {A: b}", "/env"),
    ("env: [{name: A}]", "/env/0"),
    ("env: [{name: A, vale: b}]", "'vale'"),
    ("feature-flags: {resourceManagement: 1}", "/feature-flags/resourceManagement"),
    ("processingNamespace: SDP", "/processingNamespace"),
    ("global: {exposeAllDS: 'yes'}", "/global/exposeAllDS"),
    ("global: {labels: {team: [a]}}", "/global/labels/team"),
    ("lmc: {digest: 'sha256:1'}", "/lmc/digest"),
    ("lmc: {replicas: 2}", "/lmc/replicas"),
    ("lmc: {subarray: {function: 'a b'}}", "/lmc/subarray/function"),
    ("etcd: {logLevel: INFO}", "/etcd/logLevel"),
    ("affinity: {podAfinity: {}}", "'podAfinity'"),
    ("tolerations: {key: a}", "/tolerations"),
    ("podAnnotations: {a: 1}", "/podAnnotations/a"),
    ("nodeSelector: {a: 1}", "/nodeSelector/a"),
    ("priorityClassName: 5", "/priorityClassName"),
]


@pytest.mark.parametrize(("text", "field"), BAD, ids=[text for text, _ in BAD])
def test_invalid_value_is_rejected_with_its_name(render: Renderer, text: str, field: str) -> None:
    with pytest.raises(helm_python.HelmValuesError) as rejected:
        render(yaml.safe_load(text))
    # Whole names only: /etcd/tls is not where /etcd/tls/secret was meant.
    assert re.search(re.escape(field) + r"(?![\w/])", str(rejected.value)), str(rejected.value)
    assert "schema" in str(rejected.value)


USERS = {"auth": {"enabled": True}}
EXTERNAL = {"host": "etcd", "auth": {"enabled": True, "existingSecret": "s"}}
CLIENTS = {"tls": {"enabled": True, "secret": "server", "clientSecret": "client"}}


@pytest.mark.parametrize(
    ("etcd", "is_secure"),
    [
        ({"version": "v3.5.30"} | USERS, True),
        ({"version": "v3.5.31-arm64"} | USERS, True),
        ({"version": "v3.5.29"} | USERS, False),
        ({"version": "3.4.42"} | USERS, False),
        # Untested releases require certificates.
        ({"version": "v3.6.0"} | USERS, False),
        ({"version": "of-our-own"} | USERS, False),
        ({"version": "v3.5.16"} | USERS | CLIENTS, True),
        # Without TLS the certificates are not used.
        ({"version": "v3.5.16"} | USERS | {"tls": CLIENTS["tls"] | {"enabled": False}}, False),
        ({"version": "of-our-own"} | USERS | CLIENTS, True),
        ({"version": "v3.5.16"}, True),
        ({"version": "v3.5.16"} | EXTERNAL, True),
    ],
    ids=str,
)
def test_users_of_etcd_require_certificates_or_a_safe_release(
    render: Renderer, etcd: dict[str, Any], is_secure: bool
) -> None:
    if is_secure:
        render({"etcd": etcd})
        return
    with pytest.raises(helm_python.HelmError, match=r"etcd\.tls\.clientSecret.*3\.5\.30"):
        render({"etcd": etcd})


def test_default_release_of_etcd_is_safe_for_users(render: Renderer) -> None:
    container = container_of(render({"etcd": USERS}).only("StatefulSet", "-etcd"))
    assert container["image"].endswith(":v3.5.30")


def _objects(schema: Any, path: str = "") -> list[tuple[str, Any]]:
    found = [(path, schema)] if "properties" in schema else []
    for name, below in schema.get("properties", {}).items():
        found += _objects(below, f"{path}/{name}")
    return found


SHARED = {"", "/global", "/feature-flags", "/etcd", "/etcd/persistence", "/console"}
"""Maps that contain values of other charts, too."""

IGNORED = {
    "/lmc": {
        "enabled",
        "replicas",
        "component",
        "master",
        "allCommandsHaveArgument",
        "load_balancer",
    }
}
"""Values of the chart ska-sdp without an effect."""


def test_schema_lists_exactly_the_values() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    for path, part in _objects(schema):
        if path.endswith(("/properties", "/affinity")):
            continue
        assert part.get("additionalProperties", True) is (path in SHARED), path
        found = defaults
        for name in path.split("/")[1:]:
            found = found[name]
        assert set(part["properties"]) - IGNORED.get(path, set()) == set(found), path
