"""A real server, Node's packages and a browser: made once a run, skipped by name where the machine has none."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NPM_S = 900
START_S = 120


@dataclass(frozen=True)
class Gateway:
    """A running server."""

    url: str  # without a path
    tokens: dict[str, str] = field(default_factory=dict)  # by the name of who asks

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"


def missing(what: str) -> NoReturn:
    """Skip, saying what is not here; where everything is required, fail."""
    if os.environ.get("CI") or os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"{what} is missing, and CI or REQUIRE_ALL requires it")
    pytest.skip(f"{what} is missing")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(command: list[str], url: str, environment: dict[str, str]) -> Iterator[None]:
    """The command's process, from its first answer until the end of the block."""
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait_for(url, server)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.05)  # nothing to wait on but the port itself
    pytest.fail("the server did not answer in time")


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The toy graph on uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "tests.wire.toy:app", "--port", str(port)]
    command += ["--log-level", "warning", "--no-server-header", "--ws", "websockets-sansio", "--ws-max-size", "262144"]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/graphql", {"TOY_ORIGINS": "http://127.0.0.1:1"}):
        yield Gateway(url, {"ana": "of-ana"})


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder with this suite's node_modules, installed once from the lock file into the cache."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            missing(program)
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("WIRE_CACHE") or ROOT / ".cache" / "wire")
    folder = cache / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "installed").exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts"], cwd=folder, timeout=NPM_S, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr[-2000:])
        missing("the Node packages of tests/wire (npm ci failed)")
    (folder / "installed").touch()


Node = Callable[..., str]


@pytest.fixture
def node(npm: Path) -> Node:
    """Runs a script of this folder with the packages at hand; returns what it printed; fails with what it said."""

    def run(script: str, *arguments: str, timeout_s: float = 240, **environment: str) -> str:
        # A copy beside node_modules: that is where Node looks for packages.
        target = npm / "scripts" / script
        target.parent.mkdir(exist_ok=True)
        for source in HERE.glob("*.mjs"):
            shutil.copy(source, target.parent)
        done = subprocess.run(
            ["node", str(target), *arguments],
            cwd=target.parent,
            env={**os.environ, "NODE_NO_WARNINGS": "1", **environment},
            timeout=timeout_s,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script} failed:\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser."""
    for program in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(program):
            return found
    missing("chromium")
