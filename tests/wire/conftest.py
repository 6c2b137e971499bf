"""Fixtures: a running server, Node packages and a browser, created once for each run. Tests are skipped if the machine lacks them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.wire.targets import ROOT, TARGETS, Gateway, free_port, serving

HERE = Path(__file__).parent
NPM_S = 900
Node = Callable[..., str]


def missing(name: str) -> NoReturn:
    """Skips the test with the name of the missing program, or fails if CI or REQUIRE_ALL is set."""
    if os.environ.get("CI") or os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"{name} is missing, and CI or REQUIRE_ALL requires it")
    pytest.skip(f"{name} is missing")


@pytest.fixture(scope="session")
def empty_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two other origins with an `empty.html`: the server allows the first and not the second."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "empty.html").write_text("<!doctype html>")
    first, second = free_port(), free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder)]
    urls = (f"http://127.0.0.1:{first}", f"http://127.0.0.1:{second}")
    with serving([*command, str(first)], urls[0], {}), serving([*command, str(second)], urls[1], {}):
        yield urls


@pytest.fixture(scope="session", params=sorted(TARGETS))
def gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, empty_pages: tuple[str, str]
) -> Iterator[Gateway]:
    """Each server of `TARGETS`, one after the other."""
    with TARGETS[request.param](tmp_path_factory.mktemp("gateway"), empty_pages[0]) as running:
        yield running


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder with this suite's node_modules, installed once from the lock file into the cache."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            missing(program)
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("WIRE_CACHE") or ROOT / ".cache" / "wire")
    folder = cache / hashlib.sha256(lock).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)  # the suite runs in several processes; one of them installs
        if not (folder / "installed").exists():
            _install(folder)
        scripts = folder / "scripts"
        scripts.mkdir(exist_ok=True)
        for source in HERE.glob("*.mjs"):  # next to node_modules, where Node searches for packages
            shutil.copy(source, scripts)
    return folder


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, timeout=NPM_S, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stderr[-2000:])
        missing("the Node packages of tests/wire (npm ci failed)")
    (folder / "installed").touch()


@pytest.fixture(name="node")
def _node(module_node: Node) -> Node:
    return module_node


@pytest.fixture(scope="session")
def module_node(npm: Path) -> Node:
    """Runs a script of this folder with the Node packages and returns its output. A failure shows its output and errors."""

    def run(script: str, *arguments: str, timeout_s: float = 240) -> str:
        done = subprocess.run(
            ["node", str(npm / "scripts" / script), *arguments],
            cwd=npm / "scripts",
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
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
    """The path of the browser."""
    for program in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(program):
            return found
    missing("chromium")
