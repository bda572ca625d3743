"""Each file of a release: complete, usable, and with the version of the tag."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from tests.support.release import ENVIRONMENT, ROOT, VERSION, WHEEL, git, make_release

pytestmark = pytest.mark.long

SDIST = f"ska_sdp_lmc-{VERSION}.tar.gz"
CHART = f"ska-sdp-lmc-{VERSION}.tgz"
IMAGE = f"ska-sdp-lmc-image-{VERSION}.tar.gz"
TANGO_DB_IMAGE = f"ska-sdp-lmc-tango-db-image-{VERSION}.tar.gz"
SBOM = f"ska-sdp-lmc-{VERSION}.cdx.json"

LOCKED = re.compile(r"^([a-z0-9.-]+)==([^ ;\n]+)[^\n]*\n((?: +--hash=sha256:\w+[^\n]*\n)+)", re.M)

RENDER = """
import json, sys, pathlib, helm_python
with helm_python.Chart.load_archive(pathlib.Path(sys.argv[1]).read_bytes()) as chart:
    print(json.dumps([chart.metadata, chart.render({}, name="sdp", namespace="sdp")]))
"""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_release_has_all_files(dist: Path) -> None:
    expected = {WHEEL, SDIST, CHART, IMAGE, TANGO_DB_IMAGE, SBOM, "SHA256SUMS"}
    assert {path.name for path in dist.iterdir()} == expected


def test_checksums_are_those_of_all_files(dist: Path) -> None:
    lines = (dist / "SHA256SUMS").read_text().splitlines()
    written = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert written == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in dist.iterdir()
        if path.name != "SHA256SUMS"
    }


def test_second_build_is_equal(dist: Path, tmp_path: Path) -> None:
    # Not of the working tree, in which a file may have changed since.
    git(tmp_path, "clone", "--quiet", f"file://{dist.parent}", "clone")
    again = make_release(tmp_path / "clone")
    assert (again / "SHA256SUMS").read_text() == (dist / "SHA256SUMS").read_text()


def test_source_distribution_builds_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(dist / SDIST, tmp_path)
    source = tmp_path / SDIST.removesuffix(".tar.gz")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=source)
    with tarfile.open(dist / SDIST) as archive:
        assert f"{source.name}/src/ska_sdp_config/config.py" in archive.getnames()
    assert (tmp_path / WHEEL).exists()


def test_context_of_the_tango_database_has_all_copied_files(dist: Path) -> None:
    with tarfile.open(dist / TANGO_DB_IMAGE) as archive:
        dockerfile = archive.extractfile("Dockerfile")
        assert dockerfile is not None
        parsed = DockerfileParser(fileobj=io.BytesIO(dockerfile.read())).structure
        copied = {
            source
            for each in parsed
            if each["instruction"] == "COPY"
            for source in each["value"].split()[:-1]
        }
        assert copied
        assert copied <= set(archive.getnames())
        assert archive.getmember("serve.sh").mode == 0o755


def test_chart_deploys_the_images_of_the_version(dist: Path) -> None:
    # In a process of its own: Go's runtime does not survive a fork of this one.
    metadata, manifests = json.loads(run(sys.executable, "-c", RENDER, dist / CHART))
    assert (metadata["version"], metadata["appVersion"]) == (VERSION, VERSION)
    images = set(re.findall(r"image: \"?([^\s\"]+)", "\n".join(manifests.values())))
    own = {image for image in images if "ska-sdp-lmc" in image}
    assert len(own) == 2
    assert all(image.endswith(f":{VERSION}") for image in own)
    with tarfile.open(dist / CHART) as archive:
        names = archive.getnames()
        values = archive.extractfile("ska-sdp-lmc/values.yaml")
        assert values is not None
        assert yaml.safe_load(values.read())["lmc"]["version"] == VERSION
    assert not [name for name in names if "/ci/" in name], "Files in .helmignore are left out."


def test_sbom_lists_all_locked_packages_with_their_hashes(dist: Path) -> None:
    # See tests/support/schemas.py: the import takes seconds.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (dist / SBOM).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "ska-sdp-lmc"
    assert bill["metadata"]["component"]["version"] == VERSION
    listed = {
        (each["name"], each["version"]): {
            digest["content"]
            for reference in each["externalReferences"]
            for digest in reference.get("hashes", [])
        }
        for each in bill["components"]
    }
    lock = (ROOT / "requirements/image.lock").read_text()
    locked = {
        (name, version): set(re.findall(r"sha256:(\w+)", hashes))
        for name, version, hashes in LOCKED.findall(lock)
    }
    assert len(locked) == len(re.findall(r"^[^ #\n]+==", lock, re.M))
    assert listed == locked
