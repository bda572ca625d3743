"""Audit of the lock files for known vulnerabilities, by pip-audit: ``make audit``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", *(f"requirements/{name}.lock" for name in ("build", "image")))
"""Lock files. That of the old Tango client is left out: only tests use its packages."""

ADVICE = """\
It requires a vulnerability service with data for every version: PyPI's JSON API, which a mirror of
packages may lack, or OSV. Run it on a machine that reaches one: make audit, or
make audit ARGS="--vulnerability-service osv\""""

EXIT_VULNERABLE = 1
EXIT_INCOMPLETE = 2


def audit(lock: str, arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Audit the packages of a lock file that apply to this Python and platform.

    Args:
        lock: one of ``LOCKS``.
        arguments: options of pip-audit.

    Returns:
        For each package its ``name``, its ``version`` and its vulnerabilities, ``vulns``.

    Raises:
        RuntimeError: a package was not audited, e.g. as the vulnerability service was not reached.
    """
    with tempfile.TemporaryDirectory() as place:
        result = Path(place, "result.json")
        # Without --strict, pip-audit reports no vulnerabilities if the service knows no package.
        command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip"]
        command += ["--require-hashes", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(result), "--requirement", str(ROOT / lock)]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        found = json.loads(result.read_text())["dependencies"] if result.exists() else []
    is_vulnerable = any(each["vulns"] for each in found)
    if not found or (done.returncode != 0) is not is_vulnerable:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(lines[-1])
    return list(found)


def report(lock: str, packages: list[dict[str, Any]]) -> bool:
    """Print the vulnerabilities of a lock file; return whether there are any."""
    for package in packages:
        for each in package["vulns"]:
            fixed = ", ".join(each["fix_versions"]) or "no version"
            click.echo(f"{package['name']} {package['version']}: {each['id']}, fixed in {fixed}")
    count = sum(bool(package["vulns"]) for package in packages)
    click.echo(f"{lock}: {count} of {len(packages)} packages have known vulnerabilities")
    return count > 0


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(arguments: tuple[str, ...]) -> None:
    """Audit the lock files; ARGUMENTS are options of pip-audit.

    The exit code is 1 if there are vulnerabilities, and 2 if the audit is incomplete.
    """
    vulnerable = False
    for lock in LOCKS:
        try:
            packages = audit(lock, arguments)
        except RuntimeError as error:
            click.echo(
                f"The audit of {lock} is incomplete, so vulnerabilities may be unknown. "
                f"pip-audit stopped at:\n  {error}\n{ADVICE}",
                err=True,
            )
            sys.exit(EXIT_INCOMPLETE)
        vulnerable = report(lock, packages) or vulnerable
    if vulnerable:
        click.echo('Take fixed versions with make lock ARGS="--upgrade-package NAME"', err=True)
        sys.exit(EXIT_VULNERABLE)


if __name__ == "__main__":
    main()
