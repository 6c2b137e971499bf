"""Installs artefacts from package registries with their standard clients and verifies pinned checksums."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.servers.addresses import ServersError

_COPY_ALL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class MavenFile(NamedTuple):
    """A file of a Maven repository."""

    coordinates: str
    """group:artifact:version:extension"""
    sha256: str

    @property
    def name(self) -> str:
        """The file name in Maven's convention."""
        _, artifact, version, extension = self.coordinates.split(":")
        return f"{artifact}-{version}.{extension}"


class GoTool(NamedTuple):
    """A program built from a Go module. `sum`: the module checksum, which Go embeds in the binary."""

    name: str
    module: str
    version: str
    package: str
    sum: str


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command and return its output; raises `ServersError` with the last lines of the output on failure."""
    program = shutil.which(command[0])
    if program is None:
        raise ServersError(f"{command[0]} was not found. Install it to run the local servers.")
    result = subprocess.run(  # noqa: S603 - fixed commands
        [program, *command[1:]], capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **(environment or {})}
    )
    if result.returncode:
        last = "\n".join((result.stdout + result.stderr).splitlines()[-10:])
        raise ServersError(f"{' '.join(command[:2])} ... failed:\n{last}")
    return result.stdout


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def maven_file(folder: Path, file: MavenFile) -> Path:
    """The file, downloaded if missing; raises `ServersError` if the checksum differs."""
    path = folder / file.name
    if not path.exists():
        run(["mvn", "-q", "-B", "-ntp", _COPY, f"-Dartifact={file.coordinates}", f"-DoutputDirectory={folder}"])
    if sha256_of(path) != file.sha256:
        path.unlink()
        raise ServersError(f"{file.coordinates} has another checksum than the pinned one. Delete the cache and install again.")
    return path


def maven_closure(folder: Path, coordinates: str, sums: Mapping[str, str]) -> None:
    """Download a library with its runtime dependencies into an empty folder; they must be exactly the files of `sums`."""
    group, artifact, version = coordinates.split(":")
    with tempfile.TemporaryDirectory() as project:
        (Path(project) / "pom.xml").write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>local</groupId>'
            "<artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging><dependencies><dependency>"
            f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
            "</dependency></dependencies></project>\n"
        )
        run(["mvn", "-q", "-B", "-ntp", _COPY_ALL, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"], cwd=Path(project))
    found = {path.name: sha256_of(path) for path in folder.iterdir()}
    if found != dict(sums):
        different = sorted(name for name in {*found, *sums} if found.get(name) != sums.get(name))
        raise ServersError(f"{coordinates}: these files differ from the pinned ones: {', '.join(different[:5])}.")


def go_tool(folder: Path, tool: GoTool) -> None:
    """Build a program into the folder."""
    environment = {"GOBIN": str(folder), "GOFLAGS": "", "GOMAXPROCS": "2", "CGO_ENABLED": "0"}
    run(["go", "install", "-trimpath", f"{tool.module}{tool.package}@{tool.version}"], environment=environment)
    (built,) = folder.iterdir()
    built.rename(folder / tool.name)
    if f"{tool.module}\t{tool.version}\t{tool.sum}" not in run(["go", "version", "-m", str(folder / tool.name)]):
        raise ServersError(f"{tool.module} {tool.version} has another checksum than the pinned one.")


def python_environment(folder: Path, requirements: Path) -> None:
    """Create a virtual environment with exactly these requirements, verified by hash."""
    run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
    run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(requirements)])


@contextmanager
def installing(folder: Path, version: str) -> Iterator[Path | None]:
    """Yield an empty folder that replaces `folder` after the body; None if this version is installed already.

    A lock lets several clones share a cache: the second one waits until the first has installed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = folder / ".installed"
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == version:
            yield None
            return
        new = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        yield new
        (new / ".installed").write_text(version)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
