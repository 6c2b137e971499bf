"""Artefacts from package registries by their ordinary clients, each checked against its checksum."""

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
        """As Maven names it."""
        _, artifact, version, extension = self.coordinates.split(":")
        return f"{artifact}-{version}.{extension}"


class GoTool(NamedTuple):
    """A program built from a Go module, whose sum Go writes into what it builds."""

    name: str
    module: str
    version: str
    package: str
    sum: str


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a command prints; raises `ServersError` with its last lines."""
    program = shutil.which(command[0])
    if program is None:
        raise ServersError(f"{command[0]} is needed for the local servers and was not found.")
    done = subprocess.run(  # noqa: S603 - commands of ours
        [program, *command[1:]], capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **(environment or {})}
    )
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise ServersError(f"{' '.join(command[:2])} ... failed:\n{last}")
    return done.stdout


def sha256_of(path: Path) -> str:
    """In hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def maven_file(folder: Path, wanted: MavenFile) -> Path:
    """The file, fetched unless it is there; never one with another checksum."""
    path = folder / wanted.name
    if not path.exists():
        run(["mvn", "-q", "-B", "-ntp", _COPY, f"-Dartifact={wanted.coordinates}", f"-DoutputDirectory={folder}"])
    if sha256_of(path) != wanted.sha256:
        path.unlink()
        raise ServersError(f"{wanted.coordinates} has another checksum than the one pinned here.")
    return path


def maven_closure(folder: Path, coordinates: str, sums: Mapping[str, str]) -> None:
    """A library with all it needs at run time, exactly the files of `sums`, into an empty folder."""
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
        odd = sorted(name for name in {*found, *sums} if found.get(name) != sums.get(name))
        raise ServersError(f"{coordinates}: not the files that are pinned here: {', '.join(odd[:5])}.")


def go_tool(folder: Path, tool: GoTool) -> None:
    """Builds a program into the folder."""
    environment = {"GOBIN": str(folder), "GOFLAGS": "", "GOMAXPROCS": "2", "CGO_ENABLED": "0"}
    run(["go", "install", "-trimpath", f"{tool.module}{tool.package}@{tool.version}"], environment=environment)
    (built,) = folder.iterdir()
    built.rename(folder / tool.name)
    if f"{tool.module}\t{tool.version}\t{tool.sum}" not in run(["go", "version", "-m", str(folder / tool.name)]):
        raise ServersError(f"{tool.module} {tool.version} has another sum than the one pinned here.")


def python_environment(folder: Path, requirements: Path) -> None:
    """A virtual environment with exactly these requirements, by hash."""
    run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
    run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(requirements)])


@contextmanager
def installing(folder: Path, version: str) -> Iterator[Path | None]:
    """An empty folder to install into, which takes the place of `folder` when it is whole; None if this version is there.

    Several clones may install into one cache at the same time: the second waits and finds it done.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = folder / ".installed"
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == version:
            yield None
            return
        draft = folder.with_name(f".{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        yield draft
        (draft / ".installed").write_text(version)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
