"""The commands of a library, each in a process of its own, on the real servers: import, resolve, verify, erase's refusal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from datasources.aws.stack import Stack
from tests.cli.test_commands import COMMAND, ENVIRONMENT, ROOT, records
from tests.requests.harness import Gateway, customer
from tests.stack.stacks import gateway_on, made, settings_of, stack_of

pytestmark = pytest.mark.servers
FOUND = '{ searchPhotos(query: "photo", first: 9) { total { count } nodes { caption } } }'


def run(stack: Stack, folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments), "--data", str(folder)], cwd=ROOT, env={**ENVIRONMENT, **settings_of(stack)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


async def found(gateway: Gateway) -> int:
    ana = customer(gateway.sources.ids.local_id("customer", "ana"))
    count: int = (await gateway.answer(FOUND, as_=ana))["searchPhotos"]["total"]["count"]
    return count


async def test_a_library_is_imported_resolved_and_verified_by_commands(tmp_path: Path) -> None:
    folder, lines = tmp_path / "data", records(tmp_path / "records.jsonl", 5)
    async with made(stack_of()) as stack:
        assert said(run(stack, folder, "import", lines, "--owner", "ana"))["added"] == 5
        async with gateway_on(stack) as gateway:
            assert await found(gateway) == 5
        assert said(run(stack, folder, "places", "resolve"))["photos"] == 5
        reported = said(run(stack, folder, "verify"))
        assert (reported["agrees"], reported["photos"], reported["indexed"], reported["unreadable"]) == (True, 5, 5, 0)
        async with gateway_on(stack) as gateway:
            await gateway.sources.keys.destroy(gateway.sources.ids.local_id("customer", "ana"))
        refused = run(stack, folder, "import", records(tmp_path / "more.jsonl", 7), "--owner", "ana")
        assert refused.returncode == 1
        assert "erased" in refused.stderr
