"""A server process that is killed during an export and started again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from tests.cli.test_commands import Server, run

EXPORT = "mutation { exportMyData(input: {}) { bulkOperation { id } } }"
STATE = "query($id: ID!) { bulkOperation(id: $id) { status rowCount files { path url } } }"


def export_with_a_kill(data: Path) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The last state before the kill, the final state, and the source ids of the exported lines."""
    headers = {"authorization": "Bearer " + run("token", "--customer", "ana", "--data", data).stdout.strip()}

    def ask(server: Server, query: str, **variables: str) -> Any:
        answer = httpx.post(f"{server.url}/graphql", json={"query": query, "variables": variables}, headers=headers).json()
        assert "errors" not in answer, answer
        return answer["data"]

    first = Server(data)
    job = ask(first, EXPORT)["exportMyData"]["bulkOperation"]["id"]
    before = _until(lambda: ask(first, STATE, id=job)["bulkOperation"], lambda s: s["rowCount"] > 0)
    first.stop(9)
    second = Server(data)
    after = _until(lambda: ask(second, STATE, id=job)["bulkOperation"], lambda s: s["status"] not in {"QUEUED", "RUNNING"})
    texts = [httpx.get(f["url"]).text for f in after["files"] if f["path"] == "photos"]
    second.stop()
    return before, after, [json.loads(line)["sourceId"] for text in texts for line in text.splitlines()]


def _until(look: Any, enough: Any) -> Any:
    end = time.monotonic() + 60
    while not enough(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.01)
    return found
