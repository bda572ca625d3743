"""The web page: its server, Service, Ingress, token and network policy."""

from __future__ import annotations

import base64
import re
from typing import Any

import helm_python
import pytest

from tests.chart.kubernetes_api import kubernetes_api
from tests.chart.rendering import NAMESPACE, Manifest, Objects, Renderer, container_of

NAME = "sdp-ska-sdp-lmc-web"
LOGIN = {"enabled": True}
INGRESS = {"enabled": True, "host": "sdp.example.org"}
CONTROLLER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}


def values(**web: Any) -> dict[str, Any]:
    return {
        "web": {"enabled": True} | web,
        "networkPolicy": {"webClients": [CONTROLLER]},
        # Without a cluster, each rendering would generate new passwords.
        "tangodb": {"existingSecret": "tangodb"},
    }


def server(objects: Objects) -> Manifest:
    return container_of(objects.only("Deployment", "-web"))


def pod(objects: Objects) -> Manifest:
    spec: Manifest = objects.only("Deployment", "-web")["spec"]["template"]["spec"]
    return spec


def variables(container: Manifest) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def test_page_is_off_by_default(render: Renderer) -> None:
    off = values(enabled=False, login=LOGIN, ingress=INGRESS, allowCommands=True)
    for each in (*render({}), *render(off)):
        assert each["metadata"]["labels"]["app.kubernetes.io/component"] != "web"
    added = set(render(values(login=LOGIN, ingress=INGRESS)).by_name) - set(render(off).by_name)
    kinds = ("Deployment", "Service", "Ingress", "NetworkPolicy", "Secret")
    assert added == {(kind, NAME) for kind in kinds}


def test_default_page_listens_in_the_pod_without_commands(render: Renderer) -> None:
    container = server(render(values()))
    assert container["command"] == ["ska-sdp-lmc"]
    assert container["args"] == ["web", "--bind=0.0.0.0", "--port=8080"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    assert "TANGO_HOST" not in variables(container)


@pytest.mark.parametrize(
    ("changed", "options"),
    [
        ({"web": {"login": LOGIN}}, ["--token-file=/etc/web/token"]),
        (
            {"web": {"login": LOGIN, "allowCommands": True}, "lmc": {"prefix": "mid"}},
            ["--token-file=/etc/web/token", "--allow-commands", "--prefix=mid"],
        ),
        ({"web": {"ingress": INGRESS}}, ["--allowed-host=sdp.example.org"]),
        # The host of an Ingress that is off is not allowed.
        ({"web": {"ingress": INGRESS | {"enabled": False}}}, []),
        (
            {"web": {"ingress": INGRESS, "allowedHosts": ["sdp", "sdp.example.org"]}},
            ["--allowed-host=sdp.example.org", "--allowed-host=sdp"],
        ),
        (
            {"web": {"frameAncestors": ["https://a.b", "http://c:81"]}},
            ["--frame-ancestor=https://a.b", "--frame-ancestor=http://c:81"],
        ),
        ({"lmc": {"databasePrefix": "/mid"}}, ["--path-prefix=/mid"]),
    ],
    ids=str,
)
def test_values_are_options_of_the_program(
    render: Renderer, changed: dict[str, Any], options: list[str]
) -> None:
    given = values(**changed.get("web", {})) | {k: v for k, v in changed.items() if k != "web"}
    container = server(render(given))
    assert container["args"] == ["web", "--bind=0.0.0.0", "--port=8080", *options]


def test_commands_require_a_login(render: Renderer) -> None:
    with pytest.raises(helm_python.HelmError, match=r"set web\.login\.enabled, or web\.allowC"):
        render(values(allowCommands=True))


@pytest.mark.parametrize("operator", [False, True], ids=["plain", "operator"])
def test_commands_are_sent_to_the_tango_database(render: Renderer, operator: bool) -> None:
    given = values(allowCommands=True, login=LOGIN)
    own = variables(server(render(given | {"global": {"operator": operator}})))
    assert own["TANGO_HOST"] == f"sdp-ska-sdp-lmc-databaseds.{NAMESPACE}.svc.cluster.local:10000"
    other = {"tango_host": "tango-db:10001", "operator": operator}
    assert variables(server(render(given | {"global": other})))["TANGO_HOST"] == "tango-db:10001"


def test_page_reads_etcd_as_a_user_that_writes_nothing(render: Renderer) -> None:
    etcd = {
        "tls": {"enabled": True, "secret": "server", "clientSecret": "client"},
        "auth": {"enabled": True, "existingSecret": "users"},
    }
    objects = render(values() | {"etcd": etcd, "lmc": {"databasePrefix": "/mid"}})
    own = variables(server(objects))
    assert own["SDP_CONFIG_USERNAME"] == "mid-dashboard"
    assert own["SDP_CONFIG_PASSWORD"] == {
        "secretKeyRef": {"name": "users", "key": "mid-dashboard"}
    }
    assert own["SDP_CONFIG_PROTOCOL"] == "https"
    mounts = {each["mountPath"] for each in server(objects)["volumeMounts"]}
    assert mounts == {"/tmp", "/etc/etcd-tls"}


def test_probes_distinguish_the_process_from_its_values(render: Renderer) -> None:
    objects = render(values())
    container = server(objects)
    paths = {
        probe: container[probe]["httpGet"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    alive, ready = ({"path": path, "port": "http"} for path in ("/healthz", "/readyz"))
    assert paths == {"startupProbe": alive, "livenessProbe": alive, "readinessProbe": ready}
    # Without this, nobody could see the page that shows an outage of etcd.
    service = objects.only("Service", "-web")["spec"]
    assert service["publishNotReadyAddresses"] is True
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]


def test_token_is_mounted_from_a_secret(render: Renderer) -> None:
    for login, secret in ((LOGIN, NAME), (LOGIN | {"existingSecret": "other"}, "other")):
        objects = render(values(login=login))
        assert ("Secret", NAME) in objects.by_name or secret == "other"
        (volume,) = (each for each in pod(objects)["volumes"] if each["name"] == "token")
        assert volume["secret"]["secretName"] == secret
        assert volume["secret"]["items"] == [{"key": "token", "path": "token"}]
        # Nobody else in the container may read it.
        assert volume["secret"]["defaultMode"] == 0o440
        (mount,) = (e for e in server(objects)["volumeMounts"] if e["name"] == "token")
        (option,) = (e for e in server(objects)["args"] if e.startswith("--token-file="))
        assert option == f"--token-file={mount['mountPath']}/token"
    assert ("Secret", NAME) not in render(values(login=LOGIN | {"existingSecret": "o"})).by_name


def test_generated_token_is_long_and_kept(render: Renderer) -> None:
    made = render(values(login=LOGIN)).only("Secret", "-web")
    assert made["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert re.fullmatch(r"[A-Za-z0-9]{32}", base64.b64decode(made["data"]["token"]).decode())
    made["metadata"] |= {"namespace": NAMESPACE, "resourceVersion": "1"}
    with kubernetes_api(made) as api:
        again = render.render_for(api, values(login=LOGIN)).only("Secret", "-web")
    assert again["data"] == made["data"]


def test_ingress_leads_to_the_service(render: Renderer) -> None:
    objects = render(values(ingress=INGRESS | {"className": "nginx", "annotations": {"a": "b"}}))
    ingress = objects.only("Ingress")
    assert ingress["metadata"]["annotations"] == {"a": "b"}
    spec = ingress["spec"]
    assert spec["ingressClassName"] == "nginx"
    (rule,) = spec["rules"]
    assert rule["host"] == "sdp.example.org"
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    service = path["backend"]["service"]
    (port,) = objects.by_name["Service", service["name"]]["spec"]["ports"]
    assert service["port"] == {"name": port["name"]}


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ({}, [{"hosts": ["sdp.example.org"]}]),
        ({"secret": "web-tls"}, [{"hosts": ["sdp.example.org"], "secretName": "web-tls"}]),
        ({"enabled": False, "secret": "web-tls"}, None),
    ],
    ids=str,
)
def test_ingress_encrypts_by_default(render: Renderer, tls: dict[str, Any], expected: Any) -> None:
    spec = render(values(ingress=INGRESS | {"tls": tls})).only("Ingress")["spec"]
    assert spec.get("tls") == expected
    assert "ingressClassName" not in spec


def notes(render: Renderer, given: dict[str, Any]) -> str:
    return render.texts(given)["ska-sdp-lmc/templates/NOTES.txt"]


def test_notes_show_the_way_to_the_page(render: Renderer) -> None:
    local = f"kubectl --namespace {NAMESPACE} port-forward deployment/{NAME} 8080:8080"
    token = f"get secret {NAME} --output jsonpath='{{.data.token}}' | base64 -d"
    assert "web" not in notes(render, {}).lower()
    plain = notes(render, values())
    assert local in plain
    assert "token" not in plain
    secured = notes(render, values(login=LOGIN, ingress=INGRESS))
    assert "  https://sdp.example.org\n" in secured
    assert token in secured
    assert "WARNING" not in secured


def test_notes_warn_of_an_exposed_page(render: Renderer) -> None:
    plain = INGRESS | {"tls": {"enabled": False}}
    assert "does not encrypt the web page and its token" in notes(
        render, values(ingress=plain, login=LOGIN)
    )
    assert "  http://sdp.example.org\n" in notes(render, values(ingress=plain))
    assert "every client of the Ingress" in notes(render, values(ingress=INGRESS))
