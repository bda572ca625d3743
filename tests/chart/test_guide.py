"""Commands of the operators' guide for certificates and upgrades match the chart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from cryptography import x509

from tests.chart.guide import GUIDE, commands
from tests.chart.rendering import NAMESPACE, Renderer, container_of
from tests.chart.substitution import run_program


def test_certificate_of_the_guide_names_the_members(render: Renderer, tmp_path: Path) -> None:
    (block,) = commands("install.md", "ska-sdp-lmc secure-etcd certificates")
    make, kubectl, secret = block.partition("kubectl ")
    assert kubectl
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    run_program(["bash", "-euc", make], os.environ | path, tmp_path)
    files = dict(re.findall(r"--from-file=(\S+?)=(\S+)", secret))
    assert set(files) == {"tls.crt", "tls.key", "ca.crt"}
    assert all((tmp_path / file).exists() for file in files.values())
    (other,) = commands("install.md", "kubectl -n sdp create secret generic etcd-client")
    files_of_clients = dict(re.findall(r"--from-file=(\S+?)=(\S+)", other))
    assert set(files_of_clients) == set(files)
    assert all((tmp_path / file).exists() for file in files_of_clients.values())
    certificate = x509.load_pem_x509_certificate((tmp_path / files["tls.crt"]).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    objects = render({"etcd": {"replicas": 3}})
    members = container_of(objects.only("StatefulSet", "-etcd"))["args"]
    (cluster,) = (word for word in members if word.startswith("--initial-cluster="))
    needed = re.findall(r"//(\S+?):", cluster)
    needed.append(f"sdp-ska-sdp-lmc-etcd.{NAMESPACE}.svc.cluster.local")
    # In the guide, the namespace has the name of the release.
    needed = [name.replace(f".{NAMESPACE}.", ".sdp.") for name in needed]
    assert {*needed, "localhost"} == set(names.get_values_for_type(x509.DNSName))


def test_values_of_the_guide_are_valid(render: Renderer) -> None:
    found = [
        (page.name, values)
        for page in sorted(GUIDE.glob("*.md"))
        for values in re.findall(
            r"^```yaml\n# site\.yaml\n(.*?)^```", page.read_text(), re.S | re.M
        )
    ]
    assert {"alarms.md", "backup-and-restore.md", "install.md"} <= {page for page, _ in found}
    for _, values in found:
        render(yaml.safe_load(values))


def test_selectors_of_the_guide_select_only_objects_of_the_chart(render: Renderer) -> None:
    """A parent chart installs others in the same release, whose objects must not be scaled."""
    found = set()
    objects = render({"etcd": {"auth": {"enabled": True}}})
    labels = [each["metadata"]["labels"] for each in objects]
    for page in GUIDE.glob("*.md"):
        text = page.read_text().replace("\\\n", " ")
        for selector in re.findall(
            r"kubectl -n sdp (?:scale|delete|rollout) .*--selector (\S+)", text
        ):
            pairs = dict(pair.split("=") for pair in selector.split(","))
            assert pairs["app.kubernetes.io/instance"] == "sdp", page.name
            assert set(pairs) & {"app.kubernetes.io/name", "app.kubernetes.io/component"}
            assert any(pairs.items() <= each.items() for each in labels), page.name
            found.add(page.name)
    assert {"backup-and-restore.md", "upgrade.md", "replace-etcd.md"} <= found


def test_device_servers_of_the_operator_are_stopped_for_a_restore(render: Renderer) -> None:
    """They are no Deployments, which the command for these would not stop."""
    (block,) = commands("backup-and-restore.md", "kubectl -n sdp delete deviceservers")
    (selector,) = re.findall(r"--selector (\S+)", block)
    pairs = dict(pair.split("=") for pair in selector.split(","))
    servers = render({"global": {"operator": True}}).of_kind("DeviceServer")
    assert servers
    assert all(pairs.items() <= each["metadata"]["labels"].items() for each in servers)


def test_comparison_before_an_upgrade_excludes_secrets(render: Renderer) -> None:
    (block,) = commands("upgrade.md", "helm get manifest")
    (program,) = re.findall(r"awk '([^']*)'", block)
    objects = list(render({"etcd": {"auth": {"enabled": True}}}))
    manifest = yaml.safe_dump_all(objects, explicit_start=True)
    left = subprocess.run(
        ["awk", program], input=manifest, capture_output=True, text=True, check=True
    ).stdout
    expected = [each for each in objects if each["kind"] != "Secret"]
    assert len(expected) < len(objects)
    assert [each for each in yaml.safe_load_all(left) if each is not None] == expected
