"""Manifests other than Secrets contain no secrets."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import yaml
from docs.generate.chart import CHART

from tests.chart.rendering import Objects, Renderer, containers

SECRET_NAME = re.compile(r"password|passwd|token|secret|credential", re.IGNORECASE)


def texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, below in part.items():
            yield str(name)
            yield from texts(below)
    elif isinstance(part, list):
        for below in part:
            yield from texts(below)
    else:
        yield str(part)


def test_secret_variables_refer_to_secrets(objects: Objects) -> None:
    users = [each for each in containers(objects) if "env" in each]
    users += [each["spec"] for each in objects.of_kind("DeviceServer")]
    found = 0
    for container in users:
        for variable in container["env"]:
            if SECRET_NAME.search(variable["name"]):
                assert set(variable) == {"name", "valueFrom"}, variable
                assert set(variable["valueFrom"]) == {"secretKeyRef"}, variable
                found += 1
        # A command line is visible to all users of the host.
        words = [*container.get("command", []), *container.get("args", [])]
        # etcd's cluster token is a name, and the web page's in a file.
        names = ("--initial-cluster-token=", "--token-file=/")
        words = [word for word in words if not word.startswith(names)]
        assert not [word for word in words if SECRET_NAME.search(word)]
    kinds = {each["kind"] for each in objects}
    assert found or "Secret" not in kinds


def test_generated_passwords_are_only_in_secrets(render: Renderer) -> None:
    objects = render({"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 2}})
    passwords: dict[str, list[str]] = {}
    for each in objects.of_kind("Secret"):
        assert each["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
        for value in each["data"].values():
            password = base64.b64decode(value).decode()
            assert re.fullmatch(r"[A-Za-z0-9]{32}", password)
            passwords.setdefault(password, []).append(value)
    assert len(passwords) == 2 + 1 + 3 + 6
    elsewhere = [text for each in objects if each["kind"] != "Secret" for text in texts(each)]
    for password, (encoded,) in passwords.items():
        assert not [text for text in elsewhere if password in text or encoded in text]


def test_referenced_secrets_exist(objects: Objects, request: Any) -> None:
    path = request.node.callspec.params["objects"]
    given = set(texts(yaml.safe_load(path.read_text())))
    made = {each["metadata"]["name"]: set(each["data"]) for each in objects.of_kind("Secret")}
    for each in objects:
        for name, key in _references(each):
            assert name in given or key is None or key in made[name], (name, key)


def _references(part: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(part, list):
        for below in part:
            yield from _references(below)
    if not isinstance(part, dict):
        return
    if "secretKeyRef" in part:
        yield part["secretKeyRef"]["name"], part["secretKeyRef"]["key"]
    if "secretName" in part:
        for item in part.get("items", []):
            yield part["secretName"], item["key"]
    for below in part.values():
        yield from _references(below)


def test_values_contain_no_password() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    named = {text for text in texts(values) if SECRET_NAME.search(text)}
    # These are names of Secrets.
    assert named == {"imagePullSecrets", "secret", "clientSecret", "existingSecret"}
