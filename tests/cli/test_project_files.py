"""The Dockerfile, the Makefile and scripts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
TARGETS = [
    "help", "run", "test", "check", "slow-tests", "bench", "bench-places", "places", "servers", "servers-stop", "lint", "fmt", "lock", "clean",
]  # fmt: skip


def instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)", DOCKERFILE, re.MULTILINE)


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("make")
    assert program is not None
    return subprocess.run(
        [program, "-C", str(ROOT), "--no-print-directory", *arguments],
        check=False, capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def test_images_are_pinned_and_run_as_an_unprivileged_user() -> None:
    for image in instructions("FROM"):
        assert re.fullmatch(r"\S+:\d+\.\d+\.\d+\S*( AS \w+)?", image), image
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER [1-9]\d+$", last, re.MULTILINE)
    assert last.index("USER") < last.index("ENTRYPOINT")


def test_the_container_has_a_health_check_and_one_volume() -> None:
    assert "HEALTHCHECK" in DOCKERFILE
    assert "/livez" in DOCKERFILE
    assert "PYTHONDONTWRITEBYTECODE=1" in DOCKERFILE
    assert instructions("VOLUME") == ['["/data"]']
    for word in ("ENTRYPOINT", "CMD", r"\s+CMD"):
        assert all(line.startswith("[") for line in instructions(word)), "a shell would swallow the signal to stop"


def test_only_locked_packages_are_installed() -> None:
    assert all("--require-hashes" in line or "--no-deps" in line for line in instructions("RUN") if "pip install" in line)
    assert "latest" not in DOCKERFILE
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")


def test_make_without_a_target_lists_the_targets() -> None:
    listed = [line.split()[1] for line in make().stdout.splitlines()]
    assert listed == TARGETS
    assert make("help").stdout == make().stdout


def test_make_without_a_supported_python_is_an_error(tmp_path: Path) -> None:
    done = make(f"VENV={tmp_path}/venv", "PYTHON=", "run")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr


@pytest.mark.parametrize("script", [".ci/run"])
def test_scripts_are_executable_and_valid(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    program = shutil.which("bash")
    assert program is not None
    assert subprocess.run([program, "-n", str(ROOT / script)], check=False).returncode == 0
