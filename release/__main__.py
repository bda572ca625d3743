"""Build the files of a release from the current commit: ``make release``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from release import artifacts
from release.commit import Commit, export
from release.errors import ReleaseError
from release.version import check_tag, write_version

ROOT = Path(__file__).parents[1]


def build(repository: Path, target: Path) -> Commit:
    """Build all files of a release.

    Args:
        repository: a git clone.
        target: an empty directory, or one to create.

    Raises:
        ReleaseError: the release cannot be built.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise ReleaseError(f"{target} is not empty: remove its files, or name another directory")
    with tempfile.TemporaryDirectory() as place:
        commit = export(repository, Path(place, "files"))
        check_tag(commit)
        artifacts.build_packages(commit, target)
        artifacts.build_sbom(commit, target)
        write_version(commit)
        artifacts.build_image_contexts(commit, target)
        artifacts.build_chart(commit, target)
    artifacts.write_checksums(target)
    return commit


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def main(directory: Path) -> None:
    """Build the wheel, the source distribution, the image contexts, the chart and the SBOM."""
    try:
        commit = build(ROOT, directory.resolve())
    except ReleaseError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Version {commit.version}, commit {commit.revision}:")
    for path in sorted(directory.iterdir()):
        click.echo(f"  {path}")


if __name__ == "__main__":
    main()
